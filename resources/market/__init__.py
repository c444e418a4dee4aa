"""Market data in PostgreSQL: candles, gaps, the universe; recorded candle files."""
