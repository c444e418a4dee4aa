"""Training rows asked whether their labels were known: each is made again from the prices of before the date."""

import numpy as np

from okx_core.features.indicators.levels import LEVEL_BARS
from okx_core.models.members import MemberSpec
from okx_core.models.panel import Prices
from okx_core.models.ranks import Floats, Whole
from okx_core.models.training.rows import target_of

CHECKED_HOURS = 1_000  # before the date: an older row that is wrong is wrong there too


def unknown_labels(
    prices: Prices, spec: MemberSpec, date: int, hour: Whole, pair: Whole, target: Floats
) -> int:
    """How many training rows were fitted to a label that prices before bar `date` do not give.

    `prices` [hours, pairs]; `hour` and `pair` [rows] are places in it, `target` [rows] what the rows were fitted to. A
    bar of hour t has closed at t + 1: the newest that is known at `date` is `date` - 1.
    """
    first = max(0, date - CHECKED_HOURS)
    warm = max(0, first - LEVEL_BARS)  # a level is known after so many bars
    made = target_of(prices.between(warm, date), spec)[first - warm :]
    rows = (hour >= first) & (hour < date)
    again = np.full(len(hour), np.nan)
    again[rows] = made[hour[rows] - first, pair[rows]]
    return int((again != target)[hour >= first].sum())
