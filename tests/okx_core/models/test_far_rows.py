"""A bar from another scale is far from the training rows, as its features are really computed."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from okx_core.features.registry import model_feature_names
from okx_core.models.ranks import matrix_ranks
from okx_core.models.training_range import TrainingRange, training_range

NAMES = list(model_feature_names())
DAYS = timedelta(days=60)
PRICES = ("open", "high", "low", "close")
VOLUMES = ("volume", "quote_volume")


@pytest.fixture(scope="module")
def last(synthetic_market):
    return synthetic_market.hourly["timestamp_utc"].max()


def features(candles, start, end) -> tuple[list[str], np.ndarray]:
    rows = candles.needed_for(start, end).features(start, end).sort_values(["timestamp_utc", "pair"])
    return rows["pair"].tolist(), rows[NAMES].to_numpy(np.float32)


@pytest.fixture(scope="module")
def fitted(synthetic_market, last) -> TrainingRange:
    return training_range(features(synthetic_market, last - DAYS, last)[1])


def with_a_bar(candles, last, pair: str, columns: tuple[str, ...], factor: float):
    frames = dict(candles.frames)
    for name, frame in frames.items():
        planted = (frame["pair"] == pair) & (frame["timestamp_utc"] + timedelta(hours=1) > last)
        planted &= frame["timestamp_utc"] <= last
        changed = {c: frame[c].where(~planted, frame[c] * factor) for c in columns if c in frame}
        frames[name] = frame.assign(**changed)
    return replace(candles, frames=frames)


def refused(found: TrainingRange, matrix: np.ndarray) -> np.ndarray:
    outside, distance = found.measured(matrix)
    return (outside > found.max_outside_share) | (distance > found.max_distance)


@pytest.mark.parametrize(
    ("price", "volume"), [(10.0, 1.0), (0.1, 1.0), (10.0, 1000.0)],
    ids=["price x 10", "price / 10", "price x 10 and volume x 1000"],
)  # fmt: skip
def test_a_planted_bar_is_refused_and_the_other_pairs_are_not(
    synthetic_market, last, fitted, price: float, volume: float
) -> None:
    end = last + timedelta(hours=1)
    pairs, before = features(synthetic_market, last, end)
    assert not refused(fitted, before).any()
    planted = with_a_bar(synthetic_market, last, pairs[0], PRICES, price)
    planted = with_a_bar(planted, last, pairs[0], VOLUMES, volume)
    _, after = features(planted, last, end)
    assert refused(fitted, after)[0]
    assert not refused(fitted, after)[1:].any(), "what the market did is one feature of many"


def test_a_volume_alone_is_seen_but_moves_few_features(synthetic_market, last, fitted) -> None:
    """Features of volume are bounded ratios and scores: the row that a model sees is not far, and is not refused."""
    end = last + timedelta(hours=1)
    pairs, before = features(synthetic_market, last, end)
    _, after = features(with_a_bar(synthetic_market, last, pairs[0], VOLUMES, 1000.0), last, end)
    outside = [fitted.measured(matrix)[0][0] for matrix in (before, after)]
    assert outside[0] < outside[1] < 0.1
    assert not refused(fitted, after).any()


def test_a_pair_whose_features_all_come_from_another_scale_is_refused(synthetic_market, last, fitted) -> None:
    _, matrix = features(synthetic_market, last, last + timedelta(hours=1))
    matrix = matrix * np.where(np.arange(len(matrix)) == 0, np.float32(1000.0), np.float32(1.0))[:, None]
    assert refused(fitted, matrix).tolist() == [True] + [False] * (len(matrix) - 1)
    ranks = matrix_ranks(np.ascontiguousarray(matrix), np.zeros(len(matrix), np.int64))
    assert np.abs(ranks).max() <= 0.5, "a member of ranks sees nothing of a scale; the others do"
