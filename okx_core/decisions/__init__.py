"""Decisions: market state, gates, limits and order sizes; one definition for backtest and live."""
