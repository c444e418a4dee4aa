"""Who we talk to: settings, PostgreSQL, MLflow and OKX."""
