"""What a training needs, and what it takes from the feature store."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_services.research.training import (
    LATEST_ROW_SLACK,
    SPEC,
    IncompleteHistoryError,
    TooFewPairsError,
    require_complete,
    require_pairs,
    training_rows,
)
from resources.feature_store.training_set import TrainingSet

WEEK = datetime(2026, 8, 9, tzinfo=UTC)
WINDOW = SPEC.window(WEEK)


def rows_until(end: datetime) -> pd.DataFrame:
    return pd.DataFrame({"timestamp_utc": pd.DatetimeIndex([WINDOW.start, end])})


@pytest.mark.parametrize("pairs", [["A-USDT"], ["A-USDT", "B-USDT"]])
def test_one_or_two_pairs_are_refused_with_the_reason_not_with_a_backfill(pairs: list[str]) -> None:
    with pytest.raises(TooFewPairsError, match="training needs at least 3 pairs") as failure:
        require_pairs(pairs)
    assert "backfill" not in str(failure.value)
    assert ", ".join(pairs) in str(failure.value)


def test_three_pairs_are_enough_and_none_is_another_matter() -> None:
    assert require_pairs(["A-USDT", "B-USDT", "C-USDT"]) is None
    assert require_pairs([]) is None


def test_rows_up_to_the_end_of_the_window_are_complete_and_an_outage_at_its_end_is_forgiven() -> None:
    for late in (timedelta(0), LATEST_ROW_SLACK):
        assert require_complete(rows_until(WINDOW.end - late), WINDOW) is None


@pytest.mark.parametrize(
    "rows", [rows_until(WINDOW.end - LATEST_ROW_SLACK - timedelta(hours=1)), rows_until(WINDOW.end).iloc[:0]]
)
def test_an_unfinished_history_is_refused_with_what_to_run(rows: pd.DataFrame) -> None:
    with pytest.raises(IncompleteHistoryError, match="backfill features/features_1h and ml/labels_1d first"):
        require_complete(rows, WINDOW)


def test_the_last_label_of_the_window_is_known_before_the_week_begins() -> None:
    assert WINDOW.end + timedelta(hours=SPEC.horizon_hours) <= WEEK


def test_the_training_set_becomes_keys_features_and_target_in_this_order() -> None:
    times = np.array(["2026-01-01T00", "2026-01-01T01"], dtype="datetime64[us]")
    data = TrainingSet(
        pairs=np.array(["A-USDT", "B-USDT"], dtype=object), times=times, feature_names=("x", "y"),
        matrix=np.array([[1, 2], [3, np.nan]], dtype=np.float32), target=np.array([0.5, -0.5], dtype=np.float32),
        files=(),
    )  # fmt: skip
    rows = training_rows(data)
    assert list(rows.columns) == ["pair", "timestamp_utc", "x", "y", SPEC.target]
    assert str(rows["timestamp_utc"].dt.tz) == "UTC"
    assert rows["x"].tolist() == [1.0, 3.0]
    assert rows["y"].isna().tolist() == [False, True]
