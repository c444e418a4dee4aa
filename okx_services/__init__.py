"""Use cases of the product, called alike by Dagster, the command line and tests.

Begin with `research/scoring.py` for how an hour gets its signals, and with `trading/executor.py` for how signals
become orders. Nothing here imports dagster, click or rich.
"""
