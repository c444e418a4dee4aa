"""The same number however it is computed, and never with knowledge of the future."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import CandleSet
from okx_core.features.compute import compute_features, history_start
from okx_core.features.registry import FEATURES, candle_columns, feature_names
from okx_core.validation import look_ahead
from tests.okx_core.features.conftest import Candles

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 3, tzinfo=UTC)
END = datetime(2024, 6, 4, 7, tzinfo=UTC)
DECISIONS = tuple(
    datetime.fromisoformat(moment).replace(tzinfo=UTC)
    for moment in ("2024-04-30T23:00", "2024-05-01T00:00", "2024-05-12T10:00", "2024-05-29T17:00")
)
EVERY = pytest.mark.parametrize("name", feature_names())


def same_bytes(one, other):
    return one.to_numpy().tobytes() == other.to_numpy().tobytes()


@pytest.fixture(scope="module")
def leaks(candles):
    return look_ahead.truncation(candles.known(), DECISIONS, FEATURES).suspects


@EVERY
def test_a_feature_is_the_same_when_the_future_is_cut_off(leaks, name):
    assert name not in leaks


@pytest.fixture(scope="module")
def poisoned(candles):
    return look_ahead.poison(candles.known(), DECISIONS[2:3], FEATURES).suspects


@EVERY
def test_a_poisoned_future_changes_nothing(poisoned, name):
    assert name not in poisoned


@pytest.fixture(scope="module")
def partial_rows(candles):
    spans = (timedelta(hours=1), timedelta(hours=30), timedelta(days=45))
    return [candles.features(END - span, END) for span in spans]


@EVERY
def test_one_hour_a_rolling_window_and_the_full_history_agree_byte_for_byte(full, partial_rows, name):
    same = [same_bytes(full.loc[rows.index[0][0] :][name], rows[name]) for rows in partial_rows]
    assert same == [True] * 3


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


def test_a_join_on_the_bucket_in_progress_is_caught(candles, monkeypatch):
    """Planted leaks of other kinds are in tests/okx_core/validation."""
    higher = [feature for feature in FEATURES if feature.timeframe == "4h"]
    honest = candles.known()
    assert look_ahead.truncation(honest, DECISIONS, higher).suspects == set()

    def early(known):
        shifted = known.frames["4h"].assign(timestamp_utc=known.frames["4h"]["timestamp_utc"] - 4 * HOUR)
        return replace(known, frames={**known.frames, "4h": shifted})

    known_at = CandleSet.known_at
    monkeypatch.setattr(CandleSet, "known_at", lambda _, row: early(known_at(honest, row)))
    monkeypatch.setattr(CandleSet, "needed_for", lambda self, *_window: self)
    naive = look_ahead.truncation(early(honest), DECISIONS, higher)
    assert naive.suspects == {feature.name for feature in higher}


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
