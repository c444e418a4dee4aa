"""The hours at which features are tested: every hour of the week, over the whole history, and what comes rarely."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.features.timeframes import hour_number
from okx_core.hours import HOUR

HOURS_OF_WEEK = 168
WARM_UP = 31  # hours from the first candle on: the rows before a moment are compared with it
OF_EACH = 2  # days of each kind that come rarely
MANY = 84  # events of all pairs that stand for an hour of the week where the pairs are cut together
USUAL_HOURS = 168

Events = Mapping[str, Sequence[datetime]]


def decision_moments(
    start: datetime, end: datetime, seed: int, events: Collection[datetime] = ()
) -> list[datetime]:
    """Hours of [start, end) to test at, in order of time: each of the 168 of the week once, and rare days.

    Of each hour of the week one week is drawn, so that the moments are spread evenly from start to end. An hour
    in which one of the `events` lies, which are tested too, is not drawn.
    """
    generator = np.random.default_rng(seed)
    hours = np.arange(hour_number(start) + WARM_UP, hour_number(end) - 1)
    tested = {hour_number(event) % HOURS_OF_WEEK for event in events}
    chosen = []
    for place, hour_of_week in enumerate(generator.permutation(HOURS_OF_WEEK)):
        candidates = hours[hours % HOURS_OF_WEEK == hour_of_week]
        share = (place + generator.random()) / HOURS_OF_WEEK
        if candidates.size and hour_of_week not in tested:
            chosen.append(datetime.fromtimestamp(3600 * int(candidates[int(share * candidates.size)]), UTC))
    rare = [*_turns(chosen or [start], start, end), *_rare_days(start, end, generator)]
    return sorted({*chosen, *(moment for moment in rare if start + WARM_UP * HOUR <= moment < end - HOUR)})


def _turns(chosen: list[datetime], start: datetime, end: datetime) -> list[datetime]:
    """Around turns of a month: the last hours of one, with the future in the same pass, and the first of the next."""
    turns = []
    for moment in chosen[:4]:
        following = (moment.replace(day=1, hour=0) + timedelta(days=32)).replace(day=1)
        turns += [following - 7 * HOUR, following - HOUR, following]
    for year in range(start.year, end.year + 1):
        turns += [datetime(year, 1, 1, tzinfo=UTC) - HOUR, datetime(year, 1, 1, tzinfo=UTC)]
    return turns


def _rare_days(start: datetime, end: datetime, generator: np.random.Generator) -> list[datetime]:
    """Leap days; days on which clocks change in Europe or America; the last Fridays of a quarter, as contracts end."""
    days = pd.date_range(start, end, freq="D").normalize()
    sunday, friday = days.day_of_week == 6, days.day_of_week == 4
    last_week = days.day > days.days_in_month - 7
    leap = days[(days.month == 2) & (days.day == 29)]
    kinds = [
        days[sunday & (days.month == 3) & last_week],
        days[sunday & (days.month == 10) & last_week],
        days[sunday & (days.month == 3) & (days.day > 7) & (days.day <= 14)],
        days[sunday & (days.month == 11) & (days.day <= 7)],
        days[friday & (days.month % 3 == 0) & last_week],
    ]
    found = [day + hour * HOUR for day in leap for hour in (3, 12, 23)]
    for kind in kinds:
        for day in generator.permutation(np.arange(len(kind)))[:OF_EACH]:
            found.append(kind[day] + int(generator.integers(2, 22)) * HOUR)
    return [moment.to_pydatetime() for moment in found]


def event_moments(hourly: pd.DataFrame) -> dict[str, list[datetime]]:
    """The hours of each pair that come rarely: its largest rise, fall, range, volume, and move for its time."""
    found: dict[str, list[datetime]] = {}
    first, last = hourly["timestamp_utc"].min(), hourly["timestamp_utc"].max()
    for pair, rows in hourly.sort_values("timestamp_utc").groupby("pair"):
        moves = rows["close"].pct_change(fill_method=None)
        usual = moves.abs().rolling(USUAL_HOURS, min_periods=24).mean()
        sizes = [moves, -moves, rows["high"] / rows["low"], rows["volume"], moves.abs() / usual]
        inside = rows["timestamp_utc"].between(first + WARM_UP * HOUR, last - 2 * HOUR)
        known = [size.where(inside).to_numpy(np.float64) for size in sizes]
        largest = [int(np.nanargmax(size)) for size in known if np.isfinite(size).any()]
        times = rows["timestamp_utc"].iloc[list(dict.fromkeys(largest))]
        found[str(pair)] = [time.to_pydatetime() for time in times]
    return found


def some_events(events: Events, seed: int) -> list[datetime]:
    """At most `MANY` of them, drawn."""
    every = sorted({event for of_pair in events.values() for event in of_pair})
    drawn = np.random.default_rng(seed).permutation(len(every))[:MANY]
    return [every[place] for place in sorted(drawn)]
