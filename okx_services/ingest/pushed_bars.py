"""Closed bars as they are pushed: gathered for a moment, checked like all others, and written in one go."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from okx_core.candles.rules import check_candles
from resources.market.candle_store import CandleStore, Recorded, source_of
from resources.okx.rows.candle_pages import CandlePage, candle_frame
from resources.okx.websocket.messages import Push
from resources.okx.websocket.pushes import parse_candle_push

CONFIRM = 8


def closed_bars(push: Push) -> tuple[str, CandlePage] | None:
    """Pair and bars of a push that have closed; None when it has only a forming one."""
    closed = [row for row in push.rows if not isinstance(row, list) or row[CONFIRM:] != ["0"]]
    if not closed:
        return None
    return push.subscription.inst_id, parse_candle_push(Push(push.subscription, closed))


def store_bars(
    candles: CandleStore, bars: Sequence[tuple[str, CandlePage]], mode: str, now: datetime
) -> tuple[Recorded, datetime]:
    """Write pushed bars that are not stored yet, and when the newest of them closed.

    A frame may come twice; bars that contradict each other are set aside, and REST says which is right.
    """
    frames = [candle_frame(pair, [page]) for pair, page in bars]
    pushed = pd.concat(frames, ignore_index=True).drop_duplicates(ignore_index=True)
    good, rejected = check_candles(pushed, pd.Timedelta(candles.length))
    source = source_of(mode, streamed=True)
    recorded = candles.record(good, rejected, source, now, only_new=True)
    newest: datetime = pushed["timestamp_utc"].max().to_pydatetime()
    return recorded, newest + candles.length
