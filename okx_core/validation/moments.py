"""The hours at which features are tested: every hour of the week, over the whole history."""

from datetime import UTC, datetime, timedelta

import numpy as np

from okx_core.features.timeframes import hour_number
from okx_core.hours import HOUR

HOURS_OF_WEEK = 168
WARM_UP = 31  # hours from the first candle on: the rows before a moment are compared with it


def decision_moments(start: datetime, end: datetime, seed: int) -> list[datetime]:
    """Hours of [start, end) to test at, in order of time: each of the 168 of the week once, and turns of a month.

    Of each hour of the week one week is drawn, so that the moments are spread evenly from start to end.
    """
    generator = np.random.default_rng(seed)
    hours = np.arange(hour_number(start) + WARM_UP, hour_number(end) - 1)
    chosen = []
    for place, hour_of_week in enumerate(generator.permutation(HOURS_OF_WEEK)):
        candidates = hours[hours % HOURS_OF_WEEK == hour_of_week]
        share = (place + generator.random()) / HOURS_OF_WEEK
        if candidates.size:
            chosen.append(datetime.fromtimestamp(3600 * int(candidates[int(share * candidates.size)]), UTC))
    return sorted({*chosen, *_turns(chosen, start, end)})


def _turns(chosen: list[datetime], start: datetime, end: datetime) -> list[datetime]:
    """Around turns of a month: the last hours of one, with the future in the same pass, and the first of the next."""
    turns = []
    for moment in chosen[:4]:
        following = (moment.replace(day=1, hour=0) + timedelta(days=32)).replace(day=1)
        turns += [following - 7 * HOUR, following]
    return [moment for moment in turns if start + WARM_UP * HOUR <= moment < end - HOUR]
