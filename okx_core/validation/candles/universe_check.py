"""A universe is known when its day begins: the days before must say more of it than the day itself and later ones."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

MIN_DAYS = 20
LEADS = (0, 1, 2, 3, 4, 5, 6, 7)  # days after the universe's own whose figures it may not know
SPANS = (2, 3, 7)  # days that figures are summed over
PAST = 14  # days before it that a universe may be made from, one or several of them
BLOCK = 7  # days that count as one observation: a pair is a member for days on end
LARGEST_T = 5.0
MIN_ADVANTAGE = 0.01  # of the area under the curve, which chance leaves at 0.5

Floats = NDArray[np.float64]


def knows_its_day(universe: pd.DataFrame | None, hourly: pd.DataFrame) -> str:
    """Why the universe must know turnover, return or range of its own day or later ones; empty if it need not."""
    if universe is None or universe.empty:
        return ""
    enabled = universe.assign(day=pd.to_datetime(universe["day"], utc=True)).pivot_table(
        index="day", columns="pair", values="enabled", aggfunc="last"
    )
    calendar = pd.date_range(enabled.index.min(), enabled.index.max(), freq="D")
    member = enabled.reindex(calendar).to_numpy(np.float64)
    for name, table in _daily(hourly).items():
        around = pd.date_range(
            calendar[0] - pd.Timedelta(days=2 * PAST), calendar[-1] + pd.Timedelta(days=PAST), freq="D"
        )
        values = table.reindex(index=around, columns=enabled.columns).to_numpy(np.float64)
        reason = _best_known(name, member, values, len(calendar))
        if reason:
            return reason
    return ""


def _daily(hourly: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """What a day of a pair is known by [days, pairs]; figures of several days are their sums."""
    turnover = hourly["volume"] * hourly["close"]
    if "quote_volume" in hourly:
        turnover = hourly["quote_volume"].fillna(turnover)
    days = [hourly["timestamp_utc"].dt.floor("D"), hourly["pair"]]
    close = hourly["close"].groupby(days).last().unstack().asfreq("D").transform(np.log)
    ranges = (hourly["high"] / hourly["low"]).groupby(days).mean().unstack()
    return {
        "turnover": turnover.groupby(days).sum(min_count=1).unstack(),
        "return": close.diff(),
        "range": ranges,
    }


def _best_known(name: str, member: Floats, values: Floats, days: int) -> str:
    """The days from its own on whose figures fit the universe better than any before; empty when none do.

    `values` begins 2 * PAST days before the universe does.
    """

    def separations(first: int, span: int) -> Floats:
        """By the sum over `span` days that begin `first` days after each day of the universe."""
        begin = 2 * PAST + first
        return _separation(member, sum(values[begin + day : begin + day + days] for day in range(span)))  # type: ignore[arg-type]

    past = [separations(-ago, 1) for ago in range(1, PAST + 1)]
    past += [separations(-span, span) for span in SPANS]
    for first, span in [
        *((lead, 1) for lead in LEADS),
        *((begin, span) for begin in (0, 1) for span in SPANS),
    ]:
        later = separations(first, span)
        gain, score, known = min(_advantage(later, before) for before in past)
        if known >= MIN_DAYS and gain >= MIN_ADVANTAGE and score > LARGEST_T:
            return (
                f"enabled pairs differ by the {name} of {_days(first, span)} more than by that of any of the "
                f"{PAST} days before (by {gain:.3f} of the area under the curve, t {score:.1f}, {known} days): "
                "make it from what was known when the day began"
            )
    return ""


def _days(first: int, span: int) -> str:
    if span == 1:
        return "the day itself" if first == 0 else f"the day {first} later"
    return f"the {span} days from {'it' if first == 0 else 'the next'} on"


def _advantage(later: Floats, before: Floats) -> tuple[float, float, int]:
    """Mean of the daily gain, its t by days or by blocks of them, whichever is less, and the days that are known."""
    both = np.isfinite(later) & np.isfinite(before)
    if both.sum() < MIN_DAYS:
        return 0.0, 0.0, int(both.sum())
    # Each on the side where it says most: enabled pairs may be those with less.
    known = np.subtract(*(each * np.sign(each.mean()) for each in (later[both] - 0.5, before[both] - 0.5)))
    blocks = [known[begin : begin + BLOCK].mean() for begin in range(0, known.size - BLOCK + 1, BLOCK)]
    errors = [part.std(ddof=1) / np.sqrt(part.size) for part in (known, np.array(blocks)) if part.size > 1]
    gain = float(known.mean())
    return gain, gain / max(*errors, 1e-12), int(known.size)


def _separation(member: Floats, values: Floats) -> Floats:
    """Probability that an enabled pair has more than another [days]; NaN on days without both."""
    known = np.isfinite(values) & np.isfinite(member)
    ranks = rankdata(np.where(known, values, np.nan), axis=1, nan_policy="omit")
    inside = known & (member > 0.5)
    count, others = inside.sum(axis=1), (known & (member < 0.5)).sum(axis=1)
    above = np.where(inside, ranks, 0.0).sum(axis=1) - count * (count + 1) / 2.0
    return np.where((count > 0) & (others > 0), above / np.maximum(count * others, 1), np.nan)
