"""The backtest loop against vectorbt and backtesting.py: the same bars, signals and rules."""
