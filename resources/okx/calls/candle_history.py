"""Walking back through a pair's candles page by page, from the endpoint that still holds them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from resources.okx.errors import ParsingError
from resources.okx.http.answers import Call
from resources.okx.rows.candle_pages import BAR_MS, CandlePage, read_candles

CANDLE_ROWS = 300
# /market/candles holds the newest 1440 bars; a little less, since bars open while we page.
RECENT_BARS = 1_400
RECENT, HISTORY = "/market/candles", "/market/history-candles"
NO_BARS = CandlePage(np.empty(0, np.int64), np.empty((6, 0)), np.empty(0, np.bool_))

Read = Callable[[Call], list[Any]]


@dataclass(frozen=True)
class CandleStretch:
    """One page, and the stretch [start_ms, end_ms) that it and the pages before it cover completely."""

    page: CandlePage
    start_ms: int
    end_ms: int


def walk_back(
    read: Read, inst_id: str, bar: str, start_ms: int, end_ms: int, now_ms: int
) -> Iterator[CandleStretch]:
    """Every bar with start <= open < end that the exchange has, newest page first, each exactly once.

    The newest bars come from one endpoint and older ones from another, so there are up to two stretches,
    each growing towards the past; its last item reaches its start.
    """
    length_ms = BAR_MS[bar]
    start_ms = -(-start_ms // length_ms) * length_ms
    end_ms = min(end_ms, now_ms + length_ms)
    recent_ms = (now_ms // length_ms - RECENT_BARS) * length_ms
    border_ms = min(max(recent_ms, start_ms), max(end_ms, start_ms))
    yield from _pages(read, RECENT, inst_id, bar, border_ms, end_ms)
    yield from _pages(read, HISTORY, inst_id, bar, start_ms, border_ms)


def _pages(
    read: Read, path: str, inst_id: str, bar: str, start_ms: int, end_ms: int
) -> Iterator[CandleStretch]:
    """Pages back from `end_ms` until `start_ms`; the next one starts at the oldest row received."""
    cursor = end_ms
    while cursor > start_ms:
        parameters = {
            "instId": inst_id,
            "bar": bar,
            "after": str(cursor),
            "before": str(start_ms - 1),
            "limit": str(CANDLE_ROWS),
        }
        page = read_candles(inst_id, bar, read(Call("GET", path, parameters)))
        if len(page.open_ms) and (page.open_ms.min() < start_ms or page.open_ms.max() >= cursor):
            raise ParsingError(
                f"GET {path}", f"{inst_id}: rows outside the asked window {start_ms}..{cursor}"
            )
        oldest = min(page.times_within(start_ms, cursor), default=None)
        if oldest is None:
            if page.unreadable:  # nothing says where the next page begins
                first = page.unreadable[0].reason
                raise ParsingError(
                    f"GET {path}", f"{inst_id}: no row has a time inside {start_ms}..{cursor}; one {first}"
                )
            yield CandleStretch(NO_BARS, start_ms, end_ms)
            return
        yield CandleStretch(page, oldest, end_ms)
        cursor = oldest
