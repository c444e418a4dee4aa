"""Dagster assets and their checks, one module per stage. Begin with `keys`, then `signals`."""
