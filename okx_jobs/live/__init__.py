"""The live feed: candles as they close, pushed by the exchange, judged and repaired over REST."""
