"""Checks of features: each takes candles and features and names what fails. Begin with `validate`."""
