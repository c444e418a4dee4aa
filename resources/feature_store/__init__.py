"""The history of features and labels: one Parquet file per table and month, a manifest in PostgreSQL."""
