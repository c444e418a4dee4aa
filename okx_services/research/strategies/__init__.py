"""Strategies on past candles: traded with costs, kept as runs, counted as trials, shown as page and PDF."""
