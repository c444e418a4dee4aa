"""Prints the rows of one size: `python -m benchmarks.training PAIRS MONTHS`."""

from benchmarks.training.measure import main

main()
