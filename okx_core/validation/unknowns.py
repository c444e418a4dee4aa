"""Candles with unknown values right before a moment: what fills them in from later rows is found there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.features.candle_set import CandleSet
from okx_core.features.timeframes import TIMEFRAMES
from okx_core.hours import HOUR

SUMS = ("volume", "quote_volume", "taker_buy_base")
HOURS = 2  # whose sums are unknown


def with_unknowns(
    candles: CandleSet, moments: Mapping[str, Sequence[datetime]], *, without_hours: bool = False
) -> CandleSet:
    """The candles without the sums of the newest bars that each pair's moments know, or without these bars.

    Sums are unknown of the newest two hours and of every second pair's longer and 15-minute bars; of the others
    the bar is missing, and with `without_hours` the hour of every third pair too.
    """
    frames = {}
    for name, frame in candles.frames.items():
        length = timedelta(minutes=TIMEFRAMES[name].minutes)
        unknown, missing = [], []
        for place, pair in enumerate(sorted(moments)):
            for moment in moments[pair]:
                newest = pd.Timestamp(moment + HOUR - length).floor(length)
                if name == "1h":
                    unknown += [(pair, newest - hour * HOUR) for hour in range(HOURS)]
                    missing += [(pair, newest)] if without_hours and place % 3 == 2 else []
                else:
                    (missing if place % 2 else unknown).append((pair, newest))
        keys = pd.MultiIndex.from_frame(frame[["pair", "timestamp_utc"]])
        columns = [column for column in SUMS if column in frame]
        is_unknown = keys.isin(unknown)
        changed = {
            column: np.where(is_unknown, np.nan, frame[column].astype(np.float64)) for column in columns
        }
        frames[name] = frame.assign(**changed)[~keys.isin(missing)]
    return replace(candles, frames=frames)
