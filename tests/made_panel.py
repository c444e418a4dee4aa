"""A made-up panel: one slow feature drives the returns of the next hours, the others are noise."""

import numpy as np

from okx_core.models.algorithms.estimator import Budget
from okx_core.models.members import MemberSpec
from okx_core.models.panel import Panel
from okx_core.models.training.schedule import WalkForward
from okx_core.models.walk_forward import Predictions, empty_predictions, walk_forward

NAMES = ("drift", "noise", "historical_vol_30", "unknown")
SMALL = Budget(trees=12, min_rows_per_leaf=20, learning_rate=0.2, feature_fraction=0.7)
SCHEDULE = WalkForward(every_weeks=1, min_history_weeks=3, purge_hours=8, embargo_hours=4, min_rows=200)


def made_panel(
    hours: int = 1100, pairs: int = 5, seed: int = 1, edge: float = 0.004, holes: float = 0.02
) -> Panel:
    rng = np.random.default_rng(seed)
    drift = np.zeros((hours, pairs))
    for hour in range(1, hours):
        drift[hour] = 0.97 * drift[hour - 1] + 0.24 * rng.normal(size=pairs)
    volatility = 0.006 * np.exp(0.3 * rng.normal(size=pairs))
    returns = volatility * rng.standard_t(5, size=(hours, pairs))
    returns[1:] += edge * drift[:-1]
    closes = 100.0 * np.exp(np.cumsum(returns, axis=0))
    present = rng.random((hours, pairs)) >= holes
    noise = rng.normal(size=(hours, pairs))
    columns = (drift, noise, np.broadcast_to(volatility, drift.shape), np.full(drift.shape, np.nan))
    hour, pair = np.nonzero(present)
    values = np.stack([column[hour, pair] for column in columns], axis=1).astype(np.float32)
    values[rng.random(len(values)) < 0.05, 1] = np.nan
    names = tuple(f"P{number}-USDT" for number in range(pairs))
    closes = np.where(present, closes, np.nan)
    high, low = (closes * np.exp(sign * 0.3 * volatility * rng.random(closes.shape)) for sign in (1.0, -1.0))
    places = hour.astype(np.int64), pair.astype(np.int64)
    return Panel(names, NAMES, 438_288, values, *places, closes, high, low)


def member(algorithm: str = "lightgbm", horizon: int = 8, **changes: object) -> MemberSpec:
    return MemberSpec(f"{algorithm}_{horizon}", algorithm, "rank", horizon, budget=SMALL, **changes)


def predicted(panel: Panel, *members: MemberSpec, schedule: WalkForward = SCHEDULE) -> Predictions:
    out = empty_predictions(panel, members, schedule)
    steps = list(walk_forward(panel, members, schedule, out))
    assert len(steps) == len(out.dates) * len(members)
    return out
