"""Proofs about features: each takes candles and features and names what fails, see `prove`."""
