import math

import numpy as np
import pandas as pd
import pytest

from okx_core.candles.rules import COLUMNS, check_candles
from okx_core.errors import OkxSignalError


def candles(**changes: object) -> pd.DataFrame:
    """Three good hours of one pair, with the middle row changed."""
    opened = pd.date_range("2024-01-01", periods=3, freq="h", tz="UTC")
    frame = pd.DataFrame(
        {
            "pair": "BTC-USDT",
            "timestamp_utc": opened,
            "open": [100.0, 101.0, 102.0],
            "high": [103.0, 104.0, 105.0],
            "low": [99.0, 100.0, 101.0],
            "close": [101.0, 102.0, 103.0],
            "volume": [10.0, 0.0, 5.0],
            "quote_volume": [1010.0, 0.0, math.nan],
        }
    )
    for name, value in changes.items():
        frame.loc[1, name] = value
    return frame


def test_good_candles_pass_unchanged_even_without_trades_or_turnover() -> None:
    good, rejected = check_candles(candles())
    pd.testing.assert_frame_equal(good, candles())
    assert rejected.empty
    assert list(rejected.columns) == [*COLUMNS, "reason"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"high": 99.0}, "high is below low"),
        ({"high": 101.5}, "high is below open or close"),
        ({"low": 101.5}, "low is above open or close"),
        ({"close": math.nan}, "close is not a number"),
        ({"open": 0.0}, "open is not above zero"),
        ({"low": -1.0}, "low is not above zero"),
        ({"high": math.inf}, "high is not a number"),
        ({"volume": -1.0}, "volume is below zero"),
        ({"volume": math.nan}, "volume is not a number"),
        ({"quote_volume": -1.0}, "quote_volume is below zero or infinite"),
        ({"volume": 10.0, "quote_volume": 2000.0}, "quote_volume / volume is outside low..high"),
        ({"timestamp_utc": pd.Timestamp("2024-01-01 01:30", tz="UTC")}, "does not open on a full hour"),
        ({"timestamp_utc": pd.NaT}, "pair or time is missing"),
    ],
)
def test_a_broken_row_is_rejected_with_its_reason_and_takes_no_other_row_with_it(
    changes: dict[str, object], reason: str
) -> None:
    good, rejected = check_candles(candles(**changes))
    assert len(good) == 2
    assert rejected["reason"].tolist() == [reason]


def test_average_price_may_leave_the_range_by_rounding_only() -> None:
    assert check_candles(candles(volume=10.0, quote_volume=1040.5))[1].empty


def test_identical_repeats_leave_one_row() -> None:
    good, rejected = check_candles(pd.concat([candles(), candles()], ignore_index=True))
    pd.testing.assert_frame_equal(good, candles())
    assert set(rejected["reason"]) == {"repeats another row of the same hour"}


def test_contradicting_rows_of_one_hour_are_all_rejected() -> None:
    good, rejected = check_candles(pd.concat([candles(), candles(close=103.0)], ignore_index=True))
    assert good["timestamp_utc"].dt.hour.tolist() == [0, 2]
    contradicting = rejected[rejected["reason"] == "contradicts another row of the same hour"]
    assert sorted(contradicting["close"]) == [102.0, 103.0]


def test_other_bar_sizes_have_their_own_grid() -> None:
    _, rejected = check_candles(candles(), pd.Timedelta(hours=4))
    assert rejected["reason"].tolist() == ["does not open on a full 4 h"] * 2


def test_an_empty_frame_stays_empty() -> None:
    good, rejected = check_candles(candles().iloc[:0])
    assert good.empty
    assert rejected.empty


def test_a_frame_without_the_columns_or_without_utc_is_an_error() -> None:
    with pytest.raises(OkxSignalError, match="lack the column volume"):
        check_candles(candles().drop(columns="volume"))
    with pytest.raises(OkxSignalError, match="UTC-aware"):
        check_candles(candles().assign(timestamp_utc=np.arange(3)))
