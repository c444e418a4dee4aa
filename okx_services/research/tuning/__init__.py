"""Search over the parameters of a strategy: chosen on the past of each fold, tested on the hours after it."""
