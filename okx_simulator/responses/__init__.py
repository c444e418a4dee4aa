"""Rows of the simulator in OKX's own words."""
