"""Labels: what came after a bar closed. Labels alone look forward; nothing that serves imports them."""
