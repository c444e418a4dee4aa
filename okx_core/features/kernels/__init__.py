"""Compiled loops over arrays [pairs, bars]: windows, moments, recursions, ranks across pairs."""
