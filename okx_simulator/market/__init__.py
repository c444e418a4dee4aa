"""Prices at a moment, the book around them, public trades and funding."""
