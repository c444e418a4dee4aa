"""A universe is known when its day begins: it must follow the day before, not the day itself."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.hours import DAY

MIN_DAYS = 20
LARGEST_T = 4.0
MIN_ADVANTAGE = 0.01  # of the area under the curve, which chance leaves at 0.5


def knows_its_day(universe: pd.DataFrame | None, hourly: pd.DataFrame) -> str:
    """Why the universe must know its own day's turnover or return; empty when it need not."""
    if universe is None or universe.empty:
        return ""
    turnover = hourly["volume"] * hourly["close"]
    if "quote_volume" in hourly:
        turnover = hourly["quote_volume"].fillna(turnover)
    days = [hourly["timestamp_utc"].dt.floor("D"), hourly["pair"]]
    sums = turnover.groupby(days).sum(min_count=1).unstack()
    closes = hourly["close"].groupby(days).last().unstack()
    enabled = universe.assign(day=pd.to_datetime(universe["day"], utc=True)).pivot_table(
        index="day", columns="pair", values="enabled", aggfunc="last"
    )
    for name, table in (("turnover", sums), ("return", closes.pct_change(fill_method=None))):
        same, before = table.reindex(enabled.index), table.shift(freq=DAY).reindex(enabled.index)
        gains = [
            _separation(member, now) - _separation(member, then)
            for member, now, then in zip(
                *(
                    frame.reindex(columns=enabled.columns).to_numpy(np.float64)
                    for frame in (enabled, same, before)
                ),
                strict=True,
            )
        ]
        known = np.array([gain for gain in gains if np.isfinite(gain)])
        if known.size < MIN_DAYS or known.mean() < MIN_ADVANTAGE:
            continue
        score = known.mean() / max(known.std(ddof=1), 1e-12) * np.sqrt(known.size)
        if score > LARGEST_T:
            return (
                f"enabled pairs differ by the {name} of the day itself more than by the day before's "
                f"(by {known.mean():.3f} of the area under the curve, t {score:.1f}, {known.size} days): make it from "
                "what was known when the day began"
            )
    return ""


def _separation(member: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Probability that an enabled pair has more than another; NaN without both."""
    known = np.isfinite(values) & np.isfinite(member)
    inside, outside = values[known & (member > 0.5)], values[known & (member < 0.5)]
    if not inside.size or not outside.size:
        return float("nan")
    above = (inside[:, None] > outside).mean() + 0.5 * (inside[:, None] == outside).mean()
    return float(above)
