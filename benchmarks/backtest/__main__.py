"""`python -m benchmarks.backtest PYTHON`: against the vectorbt and backtesting that this Python has."""

import sys

from benchmarks.backtest.ours import run

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(
            "usage: python -m benchmarks.backtest PYTHON-WITH-VECTORBT-AND-BACKTESTING, see `make bench-backtest`"
        )
    for line in run(sys.argv[1]):
        print(line)
