"""The calls of the exchange by subject."""
