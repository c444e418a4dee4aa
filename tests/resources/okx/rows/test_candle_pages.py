import math
from typing import Any

import numpy as np
import pytest

from resources.okx.errors import ParsingError
from resources.okx.rows.candle_pages import candle_frame, parse_candles

HOUR_MS = 3_600_000


def row(hour: int, confirm: str = "1", **changes: str) -> list[str]:
    fields = {
        "ts": str(hour * HOUR_MS),
        "open": "100.5",
        "high": "104",
        "low": "99.25",
        "close": "101",
        "vol": "1040.37",
        "volCcy": "10.4037",
        "volCcyQuote": "105000.5",
        "confirm": confirm,
        **changes,
    }
    return list(fields.values())


def test_spot_counts_base_in_the_sixth_field_and_swaps_in_the_seventh() -> None:
    spot = parse_candles("BTC-USDT", "1H", [row(5)])
    swap = parse_candles("BTC-USDT-SWAP", "1H", [row(5)])
    assert spot.values[:, 0].tolist() == [100.5, 104.0, 99.25, 101.0, 1040.37, 105000.5]
    assert swap.values[4, 0] == 10.4037


def test_frames_hold_confirmed_bars_oldest_first() -> None:
    pages = [
        parse_candles("BTC-USDT", "1H", [row(9, "0"), row(8), row(7)]),
        parse_candles("BTC-USDT", "1H", [row(5), row(4)]),
    ]
    frame = candle_frame("BTC-USDT", pages)
    assert frame["timestamp_utc"].dt.hour.tolist() == [4, 5, 7, 8]
    assert str(frame["timestamp_utc"].dt.tz) == "UTC"
    assert frame["volume"].dtype == np.float64
    assert candle_frame("BTC-USDT", []).columns.tolist() == frame.columns.tolist()


@pytest.mark.parametrize(
    "broken",
    [
        row(7, high="n/a"),
        row(7, low=""),
        row(7, close="NaN"),
        row(7, vol="inf"),
        row(7, ts="x"),
        row(7, ts=str(7 * HOUR_MS + 1)),
        row(7, confirm="2"),
        row(7)[:8],
        [],
        "text",
        None,
        [math.nan] * 9,
    ],
)
def test_a_malformed_row_spoils_the_page_and_is_shown(broken: Any) -> None:
    with pytest.raises(ParsingError, match=r"BTC-USDT: row 1 is malformed"):
        parse_candles("BTC-USDT", "1H", [row(8), broken, row(6)])


def test_days_must_open_at_midnight_utc() -> None:
    assert len(parse_candles("BTC-USDT", "1Dutc", [row(48)]).open_ms) == 1
    with pytest.raises(ParsingError, match="row 0 is malformed"):
        parse_candles("BTC-USDT", "1Dutc", [row(40)])
