"""OKX API v5 below the endpoints: calls, errors, authentication, rate limits, the clock."""
