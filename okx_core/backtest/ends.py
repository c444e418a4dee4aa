"""Pairs that are traded no longer, as their candles say: what is still held of them must not stay for ever."""

from collections.abc import Collection
from datetime import datetime, timedelta

import pandas as pd

from okx_core.hours import HOUR

OUTAGE = timedelta(hours=24)  # at the end of a stretch; a pair that lacks more is taken for delisted


def candle_ends(
    candles_1h: pd.DataFrame, held: Collection[str], start: datetime, end: datetime
) -> dict[str, datetime]:
    """When the candles of pairs end for good, of those that end before the stretch [start, end) does.

    A pair of `held` without any candle has ended before `start`. Nothing is known of an end before it has come: a
    position is closed an hour after its last bar.
    """
    closes = candles_1h.groupby("pair")["timestamp_utc"].max() + HOUR
    ends = {str(pair): last.to_pydatetime() for pair, last in closes[closes < end - OUTAGE].items()}
    return {**ends, **dict.fromkeys(set(held) - set(closes.index), start)}
