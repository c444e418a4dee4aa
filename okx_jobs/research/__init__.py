"""What research in commands and jobs works on: candles that were chosen, and a strategy on them."""
