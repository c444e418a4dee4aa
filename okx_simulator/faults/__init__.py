"""Faults on request: the `rules` a user writes, and the `script` that applies them."""
