"""From candles to signals: features, labels, training, scoring and backtesting, in this order."""
