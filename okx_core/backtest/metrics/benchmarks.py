"""What a trader could have had without us: the first pair held, all pairs alike, the 28-day winners, cash.

Every benchmark pays `cost_rate` on what it buys and sells. `closes` is [hours + 1, pairs]: the prices before the first
hour, then at the close of each, NaN where there is no bar; a pair keeps its last price while it has none.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]
WEEK_HOURS, MOMENTUM_HOURS, MOMENTUM_PAIRS = 168, 28 * 24, 3


def benchmark_curves(closes: Array, held_pair: int, before: Array, cost_rate: float) -> dict[str, Array]:
    """Equity [hours + 1] of each benchmark, beginning with 1.

    `held_pair` is the column that is bought and held. `before` [hours before, pairs] are earlier closes, which the
    momentum needs; without 28 days of them it begins in cash.
    """
    hours = len(closes) - 1
    weekly = range(0, hours, WEEK_HOURS)
    known = np.concatenate((before, closes))
    held = np.zeros((1, closes.shape[1]))
    held[0, held_pair] = 1.0
    alike = [_alike(~np.isnan(closes[hour])) for hour in weekly]
    winners = [_winners(known[: len(before) + hour + 1]) for hour in weekly]
    return {
        "held": rebalanced(closes, held, hours + 1, cost_rate),
        "equal_weight": rebalanced(closes, np.array(alike), WEEK_HOURS, cost_rate),
        "momentum_28d": rebalanced(closes, np.array(winners), WEEK_HOURS, cost_rate),
        "cash": np.ones(hours + 1),
    }


def rebalanced(closes: Array, weights: Array, every_hours: int, cost_rate: float) -> Array:
    """Equity [hours + 1] of a portfolio that takes `weights` [times, pairs] every so many hours, beginning with 1.

    Between them quantities stay. A weight of a pair without a price is cash. Each change pays `cost_rate` of what is
    bought and sold, out of equity.
    """
    prices = pd.DataFrame(closes).ffill().to_numpy(np.float64)
    equity = np.ones(len(closes))
    base, cash = np.zeros(closes.shape[1]), 1.0
    for number, wanted in enumerate(weights):
        begin = number * every_hours
        stop = min(begin + every_hours, len(closes) - 1)
        price = np.where(np.isnan(prices[begin]), 0.0, prices[begin])
        worth = cash + float(base @ price)
        priced = np.where(price > 0.0, wanted, 0.0)
        paid = cost_rate * float(np.abs(priced * worth - base * price).sum())
        kept = worth - paid
        base = np.divide(priced * kept, price, out=np.zeros_like(price), where=price > 0.0)
        cash = kept * (1.0 - float(priced.sum()))
        equity[begin] = worth if begin else 1.0
        equity[begin + 1 : stop + 1] = cash + np.nan_to_num(prices[begin + 1 : stop + 1]) @ base
    return equity


def _alike(priced: NDArray[np.bool_]) -> Array:
    return np.asarray(priced / max(1, int(priced.sum())), dtype=np.float64)


def _winners(known: Array) -> Array:
    """Equal weights of the pairs that rose most in 28 days, among those that rose; `known` ends with the hour."""
    weights = np.zeros(known.shape[1])
    if len(known) > MOMENTUM_HOURS:
        risen = known[-1] / known[-1 - MOMENTUM_HOURS] - 1.0
        best = np.argsort(np.where(np.isnan(risen), -np.inf, risen))[::-1][:MOMENTUM_PAIRS]
        weights[[place for place in best if risen[place] > 0.0]] = 1.0 / MOMENTUM_PAIRS
    return weights
