"""The execution op and what it materialises: orders, fills and positions."""
