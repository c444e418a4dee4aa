"""Candles on a grid, and bars of one timeframe beside the rows of another."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.features.grid import broadcast_bars, lay_on_grid, pair_places
from okx_core.features.timeframes import HOURLY, TIMEFRAMES, hour_number

FIELDS = ("open", "high", "low", "close")


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 3), st.booleans())
def test_any_ascending_bars_stand_beside_their_rows(lengths, pairs, single) -> None:
    bars = np.repeat(np.arange(len(lengths)), lengths).astype(np.int64)
    values = np.random.default_rng(1).normal(size=(pairs, len(lengths)))
    kind = np.float32 if single else np.float64
    out = np.empty((pairs, bars.size), dtype=kind)
    broadcast_bars(values.astype(kind), bars, out)
    assert np.array_equal(out, values.astype(kind)[:, bars])


@pytest.mark.parametrize("timeframe", TIMEFRAMES.values(), ids=TIMEFRAMES)
@pytest.mark.parametrize("window", [(5, 6), (0, 1), (3, 9), (7, 200), (1, 4), (2, 2)])
def test_the_last_closed_bar_stands_beside_each_hour(timeframe, window) -> None:
    usable = timeframe.usable_bars(*window)
    bars = usable - (usable[0] if usable.size else 0)
    values = np.arange(2.0 * 1000).reshape(2, 1000)
    out = np.empty((2, usable.size))
    broadcast_bars(values, bars, out)
    assert np.array_equal(out, values[:, bars])


NAMES = st.sampled_from(["", "A", "B", "AB", "BA", "BTC-USDT", "ETH-USDT", None])


@given(st.lists(NAMES, max_size=30))
def test_each_row_has_the_place_of_its_pair_sorted_or_not(names) -> None:
    pairs = ("A", "AB", "BTC-USDT")
    expected = [pairs.index(name) if name in pairs else -1 for name in names]
    assert pair_places(pd.Series(names, dtype="str"), pairs).tolist() == expected
    assert pair_places(pd.Series(names, dtype=object), pairs).tolist() == expected


def candles(pairs=("A", "B"), bars=5) -> pd.DataFrame:
    opens = pd.date_range("2024-01-01", periods=bars, freq="h", tz="UTC").as_unit("us")
    prices = np.arange(1.0, 1 + len(pairs) * bars)
    return pd.DataFrame(
        {
            "pair": np.repeat(pairs, bars),
            "timestamp_utc": list(opens) * len(pairs),
            **dict.fromkeys(FIELDS, prices),
        }
    ).astype({"timestamp_utc": "datetime64[us, UTC]"})


FIRST = 473_352  # 2024-01-01T00Z


@pytest.mark.parametrize("unknown", [np.nan, np.inf, -np.inf])
def test_a_bar_with_an_unknown_price_is_missing_on_a_full_grid(unknown) -> None:
    frame = candles()
    frame.loc[3, "low"] = unknown
    grid = lay_on_grid(frame, ("A", "B"), FIRST, FIRST + 5, HOURLY, FIELDS)
    missing = {name: np.isnan(grid.fields[name]).nonzero()[1].tolist() for name in FIELDS}
    assert missing == {name: [3] for name in FIELDS}


def test_order_gaps_and_strangers_change_nothing_of_the_other_bars() -> None:
    frame = candles(("A", "B", "C"))
    whole = lay_on_grid(frame, ("A", "B", "C"), FIRST, FIRST + 5, HOURLY, FIELDS)
    shuffled = frame.sample(frac=1.0, random_state=2)
    for some in (frame, shuffled):
        grid = lay_on_grid(some, ("A", "C"), FIRST + 1, FIRST + 7, HOURLY, FIELDS)
        close = grid.fields["close"]
        assert np.array_equal(close[:, :4], whole.fields["close"][[0, 2], 1:])
        assert np.isnan(close[:, 4:]).all()
    lone = lay_on_grid(shuffled, ("A", "B", "C"), FIRST, FIRST + 5, HOURLY, FIELDS)
    assert np.array_equal(lone.fields["close"], whole.fields["close"])


def test_a_column_that_the_source_lacks_is_unknown_though_every_bar_is_there() -> None:
    """A grid without a gap is not filled with NaN first: what was in that memory showed as a volume."""
    hours = 4_000
    times = pd.date_range("2024-01-01", periods=hours, freq="h", tz="UTC").as_unit("us")
    candles = pd.DataFrame(
        {"pair": "AAA-USDT", "timestamp_utc": times, "high": 2.0, "low": 1.0, "close": 1.5}
    )
    first = hour_number(times[0].to_pydatetime())
    for _ in range(5):
        np.full((6, hours), 7.0).sum()  # memory that the next array gets
        fields = ("open", "high", "low", "close", "volume", "quote_volume")
        found = lay_on_grid(candles, ("AAA-USDT",), first, first + hours, HOURLY, fields).fields
        assert all(np.isnan(found[name]).all() for name in ("open", "volume", "quote_volume"))
        assert (found["close"] == 1.5).all()
