"""What a simple portfolio of the best scores earns over equal weight, after costs."""

from dataclasses import dataclass

import numpy as np

from okx_core.compilation import compiled
from okx_core.market.fees import TAKER_FEE_RATE
from okx_core.models.evaluation.scores import block_mean_t
from okx_core.models.panel import MIN_PAIRS
from okx_core.models.ranks import Floats

HALF_SPREAD_PCT = 0.015
COST_PER_SIDE_PCT = 100.0 * TAKER_FEE_RATE + HALF_SPREAD_PCT
DAY_HOURS = 24
BP = 100.0


@dataclass(frozen=True)
class TopK:
    """Mean daily excess over equal weight in basis points, its t by two-week blocks, and turnover a day.

    Turnover is the share of the portfolio sold and bought again. NaN where there was no day.
    """

    excess_bp: float
    excess_t: float
    turnover: float
    daily_excess_pct: Floats


def top_k(score: Floats, closes: Floats, k: int = 4, cost_pct: float = COST_PER_SIDE_PCT) -> TopK:
    """Hold the `k` best pairs by equal parts, keep each while it ranks in the upper half, decide once a day.

    `score` and `closes` are grids [hours, pairs]. The 24 portfolios that decide at the 24 hours of the day are
    averaged, so no hour is chosen. A part that changes pays `cost_pct` percent for each side. Equal weight is over all
    pairs with a score, and pays nothing. An hour with fewer than three scores holds what it held. Source of the
    rule: Novy-Marx and Velikov (2016), buy-and-hold spreads against trading costs.
    """
    excess, traded = _portfolios(score, _future(closes), k, cost_pct)
    known = ~np.isnan(excess)
    if not known.any():
        return TopK(float("nan"), float("nan"), float("nan"), excess)
    return TopK(float(BP * np.nanmean(excess)), block_mean_t(excess), float(np.mean(traded[known])), excess)


def _future(closes: Floats) -> Floats:
    """Return of the next 24 hours in percent, by the last close known then; NaN where the bar itself is missing."""
    last = _carried(closes)
    out = np.full(closes.shape, np.nan)
    out[:-DAY_HOURS] = 100.0 * (last[DAY_HOURS:] / closes[:-DAY_HOURS] - 1.0)
    return out


@compiled
def _carried(closes: Floats) -> Floats:
    """Each missing close as the last one before it."""
    out = closes.copy()
    for hour in range(1, out.shape[0]):
        for pair in range(out.shape[1]):
            if np.isnan(out[hour, pair]):
                out[hour, pair] = out[hour - 1, pair]
    return out


@compiled
def _portfolios(score: Floats, future: Floats, k: int, cost_pct: float) -> tuple[Floats, Floats]:
    """Excess of the next day and share traded, of the portfolio that decides at each hour [hours]."""
    hours, pairs = score.shape
    excess, traded = np.full(hours, np.nan), np.zeros(hours)
    for phase in range(DAY_HOURS):
        held = np.zeros(pairs, dtype=np.bool_)
        for hour in range(phase, hours, DAY_HOURS):
            known = np.flatnonzero(~np.isnan(score[hour]) & ~np.isnan(future[hour]))
            count = known.shape[0]
            if count < MIN_PAIRS:
                continue
            slots = min(k, count - 1)
            order = known[np.argsort(-score[hour][known], kind="mergesort")]
            chosen = np.zeros(pairs, dtype=np.bool_)
            filled = 0
            for place in range((count + 1) // 2):
                if held[order[place]] and filled < slots:
                    chosen[order[place]] = True
                    filled += 1
            for place in range(count):
                if filled < slots and not chosen[order[place]]:
                    chosen[order[place]] = True
                    filled += 1
            sold = (held & ~chosen).sum() / (held.sum() if held.any() else 1)
            bought = (chosen & ~held).sum() / slots
            everyone = future[hour][known].mean()
            excess[hour] = future[hour][chosen].mean() - everyone - cost_pct * (sold + bought)
            traded[hour] = bought
            held = chosen
    return excess, traded
