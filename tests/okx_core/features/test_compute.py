"""The same number however it is computed, and never with knowledge of the future."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from okx_core.features.compute import compute_features, history_start
from okx_core.features.declaration import Feature
from okx_core.features.registry import FEATURES, candle_columns, feature_names
from tests.okx_core.features.conftest import Candles

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 3, tzinfo=UTC)
END = datetime(2024, 6, 4, 7, tzinfo=UTC)
EVERY = pytest.mark.parametrize("name", feature_names())


def same_bytes(one, other):
    return one.to_numpy().tobytes() == other.to_numpy().tobytes()


@pytest.fixture(scope="module")
def leaks(candles, look_ahead):
    return look_ahead(candles, FEATURES)


@EVERY
def test_a_feature_is_the_same_when_the_future_is_cut_off(leaks, name):
    assert name not in leaks


@pytest.fixture(scope="module")
def poisoned_rows(candles, full, poisoned):
    row = datetime(2024, 5, 12, 10, tzinfo=UTC)
    start = row - 40 * HOUR
    later = row + 60 * HOUR
    poisons = [poisoned(candles, row, factor).features(start, later) for factor in (np.nan, 1e6, 1e-6)]
    return full.loc[start:row], [rows.loc[:row] for rows in poisons]


@EVERY
def test_a_poisoned_future_changes_nothing(poisoned_rows, name):
    expected, poisons = poisoned_rows
    assert all(same_bytes(expected[name], rows[name]) for rows in poisons)


@pytest.fixture(scope="module")
def partial_rows(candles):
    spans = (timedelta(hours=1), timedelta(hours=30), timedelta(days=45))
    return [candles.features(END - span, END) for span in spans]


@EVERY
def test_one_hour_a_rolling_window_and_the_full_history_agree_byte_for_byte(full, partial_rows, name):
    for rows in partial_rows:
        assert same_bytes(full.loc[rows.index[0][0] :][name], rows[name])


@pytest.fixture(scope="module")
def least_history_rows(candles):
    start = datetime(2024, 5, 30, 5, tzinfo=UTC)
    frames = zip(vars(candles).values(), ("1h", "4h", "1d", "15m"), strict=True)
    read = [frame[frame["timestamp_utc"] >= history_start(start, name)] for frame, name in frames]
    rows = compute_features(*read, start, END)
    return rows.set_index(["timestamp_utc", "pair"]).sort_index()


@EVERY
def test_candles_before_history_start_are_not_needed(full, least_history_rows, name):
    assert same_bytes(full.loc[least_history_rows.index[0][0] :][name], least_history_rows[name])


def test_row_order_of_the_candles_does_not_matter(candles, full):
    shuffled = [frame.sample(frac=1.0, random_state=3) for frame in vars(candles).values()]
    start = END - 50 * HOUR
    rows = compute_features(*shuffled, start, END).set_index(["timestamp_utc", "pair"]).sort_index()
    pd.testing.assert_frame_equal(rows, full.loc[start:], check_exact=True)


def test_there_is_one_row_per_candle_sorted_by_pair_and_time(candles):
    rows = compute_features(*vars(candles).values(), START, END)
    expected = candles.hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    pd.testing.assert_frame_equal(rows[["pair", "timestamp_utc"]], expected[["pair", "timestamp_utc"]])
    assert list(rows.columns[2:]) == list(feature_names())
    assert set(rows.dtypes.iloc[2:]) == {np.dtype(np.float32)}


def test_no_value_is_infinite_and_no_column_is_empty_or_constant(full):
    assert not np.isinf(full.to_numpy()).any()
    assert all(full[name].nunique() > 1 for name in full)


def test_an_empty_window_gives_an_empty_frame_with_every_column(candles):
    rows = compute_features(*vars(candles).values(), END, END)
    assert len(rows) == 0
    assert list(rows.columns) == ["pair", "timestamp_utc", *feature_names()]


def test_no_candles_at_all_give_an_empty_frame(candles):
    nothing = [frame.head(0) for frame in vars(candles).values()]
    assert len(compute_features(*nothing, START, END)) == 0


PRICES = ("open", "high", "low", "close", "quote_volume")
SIZES = ("volume", "quote_volume", "taker_buy_base")


@pytest.fixture(scope="module")
def rescaled(calm):
    """The last rows, and those of the same market in other units of price and of volume."""
    start = END - 60 * HOUR

    def in_units(columns, factor):
        frames = [
            frame.assign(**{column: frame[column] * factor for column in columns})
            for frame in vars(calm).values()
        ]
        return type(calm)(*frames).features(start, END)

    units = ((PRICES, 2.0**-27), (PRICES, 2.0**20), (SIZES, 2.0**-27), (SIZES, 2.0**20))
    return calm.features(start, END), [in_units(columns, factor) for columns, factor in units]


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_units_of_price_and_volume_change_only_what_is_not_scale_free(rescaled, feature):
    rows, others = rescaled
    same = all(same_bytes(rows[feature.name], other[feature.name]) for other in others)
    assert same == feature.scale_free


@pytest.mark.parametrize(
    ("moment", "complaint"),
    [
        (datetime(2024, 5, 1, 0, 30, tzinfo=UTC), "whole hour"),
        (datetime(2024, 5, 1), "time zone"),
    ],
)
def test_a_start_off_the_hour_or_without_zone_is_refused(candles, moment, complaint):
    with pytest.raises(OkxSignalError, match=complaint):
        compute_features(*vars(candles).values(), moment, END)


def test_a_candle_off_the_grid_is_refused(candles):
    late = candles.hourly.assign(timestamp_utc=candles.hourly["timestamp_utc"] + pd.Timedelta(minutes=1))
    with pytest.raises(OkxSignalError, match="1h UTC boundary"):
        compute_features(late, candles.four_hourly, candles.daily, candles.quarter_hourly, START, END)


def centred_mean(bars):
    ahead = np.full(bars.close.shape, np.nan)
    ahead[:, :-1] = bars.close[:, 1:]
    return bars.close / ahead


def same_bucket_close(bars):
    """The close of the 4h bucket that a bar lies in: known only up to 3 hours later."""
    last = bars.numbers() // 4 * 4 + 3 - bars.first_bar
    return bars.close[:, np.minimum(last, bars.close.shape[1] - 1)] / bars.close


def next_hour_rank(market):
    return (centred_mean(market.bars) > 1.0) * 1.0


@pytest.mark.parametrize(
    ("compute", "timeframe"), [(centred_mean, "1h"), (same_bucket_close, "1h"), (next_hour_rank, "cross")]
)
def test_a_planted_leak_is_caught(candles, look_ahead, compute, timeframe):
    leak = Feature(
        "planted", "test", "looks ahead", "ratio", 1, compute, timeframe, formula="?", inputs=("close",)
    )
    assert look_ahead(candles, [leak]) == {"planted"}


def test_a_join_on_the_bucket_in_progress_is_caught(candles, look_ahead, monkeypatch):
    higher = [feature for feature in FEATURES if feature.timeframe == "4h"]
    assert look_ahead(candles, higher) == set()
    early = candles.four_hourly.assign(timestamp_utc=candles.four_hourly["timestamp_utc"] - 4 * HOUR)
    naive = replace(candles, four_hourly=early)
    monkeypatch.setattr(type(candles), "known_at", lambda _, row: known_honestly(candles, row))
    assert look_ahead(naive, higher) == {feature.name for feature in higher}


def known_honestly(candles, row):
    """Shifted 4h bars that had really closed by the close of `row`."""
    shift = pd.Timedelta(hours=4)
    known = candles.between(datetime(1970, 1, 1, tzinfo=UTC), row)
    early = known.four_hourly.assign(timestamp_utc=known.four_hourly["timestamp_utc"] - shift)
    return replace(known, four_hourly=early)


def test_several_threads_give_the_same_bytes(candles):
    alone, together = (
        compute_features(*vars(candles).values(), START, END, threads=threads) for threads in (1, 3)
    )
    pd.testing.assert_frame_equal(alone, together, check_exact=True)


def test_columns_that_no_feature_of_a_timeframe_reads_are_not_needed(candles):
    read = {
        field: frame[["pair", "timestamp_utc", *candle_columns(timeframe)]]
        for (field, frame), timeframe in zip(vars(candles).items(), ("1h", "4h", "1d", "15m"), strict=True)
    }
    assert "open" not in read["daily"]
    start = END - timedelta(days=45)
    assert same_bytes(Candles(**read).features(start, END), candles.features(start, END))
