"""Pairs whose candles end are taken for delisted; an outage is no end."""

import pandas as pd
import pytest

from okx_core.backtest.ends import candle_ends

TIMES = pd.date_range("2024-01-01", periods=240, freq="h", tz="UTC").as_unit("us")
START, END = TIMES[0].to_pydatetime(), TIMES[-1].to_pydatetime()


def candles(lacking: int) -> pd.DataFrame:
    """Two pairs, of which the second lacks so many hours at the end."""
    times = {"A-USDT": TIMES, "B-USDT": TIMES[: len(TIMES) - lacking]}
    return pd.concat([pd.DataFrame({"pair": pair, "timestamp_utc": opens}) for pair, opens in times.items()])


@pytest.mark.parametrize(("lacking", "ends"), [(0, False), (24, False), (26, True), (200, True)])
def test_a_pair_has_ended_when_more_than_a_day_lacks(lacking: int, ends: bool) -> None:
    expected = {"B-USDT": TIMES[len(TIMES) - lacking].to_pydatetime()} if ends else {}
    assert candle_ends(candles(lacking), (), START, END) == expected


def test_a_held_pair_without_any_candle_had_ended_before() -> None:
    assert candle_ends(candles(0), ("A-USDT", "C-USDT"), START, END) == {"C-USDT": START}
