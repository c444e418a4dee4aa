"""Candles from the exchange: the assets, the fetch they share, and the repair of gaps."""
