"""The account: balances and bills (`bookkeeping`), positions of swaps, margin."""
