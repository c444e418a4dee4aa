"""Statistics of a backtest, one small function each. What the data cannot tell is None, never 0."""
