"""What the account owns: balances and bills (`bookkeeping`), positions of swaps, margin."""
