"""Run by the Python that has vectorbt and backtesting: `python peers.py MARKET.npz`; prints times and trades as JSON.

It imports nothing of ours: the peers need an environment of their own.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd

ROUNDS = 5


def timed(work, rounds=ROUNDS):
    """The result and the seconds of each round, after one that compiles."""
    work()
    spent = []
    for _ in range(rounds):
        begin = time.perf_counter()
        found = work()
        spent.append(time.perf_counter() - begin)
    return found, spent


def of_vectorbt(market, fee):
    """`Portfolio.from_signals`: every pair with cash of its own, all of it in a position; fills at the next open."""
    import vectorbt as vbt

    times = pd.date_range("2020-01-01", periods=len(market["close"]), freq="h")
    close, opened = (pd.DataFrame(market[name], index=times) for name in ("close", "open"))
    nothing = np.zeros((1, close.shape[1]), bool)
    entries, exits = (np.vstack((nothing, market[name])) for name in ("entries", "exits"))
    work = lambda: vbt.Portfolio.from_signals(  # noqa: E731
        close, entries, exits, price=opened, fees=fee, init_cash=1e4, freq="1h"
    )
    found, spent = timed(work)
    records = found.trades.records
    closed = records[records["status"] == 1]
    columns = ["col", "entry_idx", "exit_idx", "entry_price", "exit_price", "return"]
    return closed[columns].to_numpy().tolist(), spent


def of_backtesting(market, pair):
    """`Backtest.run` on one pair, free of costs."""
    from backtesting import Backtest, Strategy

    entries, exits = market["entries"][:, pair], market["exits"][:, pair]

    class Signals(Strategy):
        def init(self):
            pass

        def next(self):
            place = len(self.data) - 1
            if place >= len(entries):
                return
            if self.position:
                if exits[place]:
                    self.position.close()
            elif entries[place]:
                self.buy(size=0.9999)

    frame = pd.DataFrame(
        {name.title(): market[name][:, pair] for name in ("open", "high", "low", "close")},
        index=pd.date_range("2020-01-01", periods=len(market["close"]), freq="h"),
    )
    test = Backtest(frame, Signals, cash=1e12, commission=0.0, finalize_trades=False)
    begin = time.perf_counter()
    found = test.run()
    spent = time.perf_counter() - begin
    trades = found["_trades"][["EntryBar", "ExitBar", "EntryPrice", "ExitPrice", "ReturnPct"]]
    return [[pair, *row] for row in trades.to_numpy().tolist()], [spent]


def main():
    warnings.simplefilter("ignore")
    market = dict(np.load(sys.argv[1]))
    free, _ = of_vectorbt(market, 0.0)
    _, paid = of_vectorbt(market, 0.001)
    one, slow = of_backtesting(market, 0)
    print(
        json.dumps(
            {"vectorbt": {"trades": free, "seconds": paid}, "backtesting": {"trades": one, "seconds": slow}}
        )
    )


if __name__ == "__main__":
    main()
