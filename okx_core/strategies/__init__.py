"""Strategies: what is wanted of each pair and hour, from what was known at its close.

Begin with `strategy.py` (what a strategy is), then `built_in.py` (those that come with the product).
"""
