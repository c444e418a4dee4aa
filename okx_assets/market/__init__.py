"""Assets of the market: the universe, candles, and observations when an hour is decided."""
