"""A local exchange that speaks OKX API v5."""
