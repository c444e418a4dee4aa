"""Checks of the candles themselves, whatever features are made of them. Begin with `candle_checks`."""
