"""Training sets: known rows only, in order, with a fingerprint that changes with the data and with nothing else."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from resources.feature_store.errors import DamagedFileError, FeatureStoreError
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_set import FEATURES, TrainingSet, training_set

T0 = datetime(2026, 3, 30, tzinfo=UTC)
TARGET = "future_return_1d_pct"
PURGE = timedelta(hours=25)


def at(hour: int) -> datetime:
    return T0 + timedelta(hours=hour)


@pytest.fixture
def filled(store: FeatureStore, rows_of) -> FeatureStore:
    store.replace_window(FEATURES, rows_of(range(72), x=0.0, y=1000.0, gone=np.nan), at(0), at(72))
    store.replace_window("ml.labels_1d", rows_of(range(60), **{TARGET: 0.25}), at(0), at(72))
    return store


def taken(store: FeatureStore, end: int = 97, features=("y", "x"), pairs=None) -> TrainingSet:  # type: ignore[no-untyped-def]
    return training_set(store, pairs, (at(10), at(end)), features, TARGET, PURGE)


def test_rows_come_by_time_and_pair_with_features_in_the_order_asked_for(filled: FeatureStore) -> None:
    data = taken(filled)
    assert (data.matrix.dtype, data.target.dtype) == (np.float32, np.float32)
    assert data.matrix.shape == (100, 2)
    assert data.matrix[:4].tolist() == [[1010, 10], [1010, 10], [1011, 11], [1011, 11]]
    assert data.target[:4].tolist() == [10.25, 10.25, 11.25, 11.25]
    assert data.pairs[:2].tolist() == ["A-USDT", "B-USDT"]
    assert data.times[0] == np.datetime64("2026-03-30T10:00")
    assert data.times[-1] == np.datetime64("2026-04-01T11:00")
    assert data.feature_names == ("y", "x")


@pytest.mark.parametrize(("end", "last"), [(60, 35), (61, 36), (85, 59), (97, 59)])
def test_a_label_that_is_not_known_at_the_end_is_purged(filled: FeatureStore, end: int, last: int) -> None:
    """Row t with a horizon of 24 h is known at t + 25 h."""
    assert taken(filled, end).times[-1] == np.datetime64(at(last).replace(tzinfo=None))


def test_some_pairs_only(filled: FeatureStore) -> None:
    data = taken(filled, pairs=["B-USDT", "NEW-USDT"])
    assert set(data.pairs) == {"B-USDT"}
    assert data.matrix.shape == (50, 2)


def test_an_unknown_feature_is_nan_and_a_row_without_a_target_is_left_out(filled, rows_of) -> None:
    labels = rows_of(range(20, 30), **{TARGET: np.nan})
    filled.replace_window("ml.labels_1d", labels, at(20), at(30))
    data = taken(filled, features=("gone",))
    assert np.isnan(data.matrix).all()
    assert data.matrix.shape == (80, 1)
    assert not np.isnan(data.target).any()


class TestFingerprint:
    def test_it_is_that_of_the_files_and_reading_again_gives_it_again(self, filled: FeatureStore) -> None:
        data = taken(filled)
        assert [(file.table_name, f"{file.month:%Y-%m}") for file in data.files] == [
            (FEATURES, "2026-03"), ("ml.labels_1d", "2026-03"), (FEATURES, "2026-04"), ("ml.labels_1d", "2026-04"),
        ]  # fmt: skip
        assert taken(filled).fingerprint == data.fingerprint
        assert len(data.fingerprint) == 16
        assert taken(filled, features=("x",)).fingerprint == data.fingerprint

    def test_one_changed_value_changes_it(self, filled: FeatureStore, rows_of) -> None:
        before = taken(filled).fingerprint
        filled.replace_window(FEATURES, rows_of([5], x=9.0, y=9.0, gone=9.0), at(5), at(6))
        assert taken(filled).fingerprint != before

    def test_a_month_outside_the_window_does_not(self, filled: FeatureStore, rows_of) -> None:
        before = taken(filled, end=60).fingerprint
        filled.replace_window(FEATURES, rows_of([70], x=9.0, y=9.0, gone=9.0), at(70), at(71))
        assert taken(filled, end=60).fingerprint == before


class TestRefusals:
    def test_an_unknown_feature_or_label_is_named(self, filled: FeatureStore) -> None:
        with pytest.raises(FeatureStoreError, match="has rsj: run `okxsignal refresh full`"):
            taken(filled, features=("x", "rsj"))
        with pytest.raises(FeatureStoreError, match="no label is called 'profit'"):
            training_set(filled, None, (at(0), at(90)), ["x"], "profit", PURGE)

    def test_a_changed_file_is_never_trained_on(self, filled: FeatureStore) -> None:
        file = filled.files(FEATURES, at(0), at(5))[0]
        import pyarrow as pa

        data = bytearray(filled.root.read(file.path))
        data[40] ^= 1
        filled.root.put(file.path, pa.py_buffer(bytes(data)))
        with pytest.raises(DamagedFileError, match="cannot be used"):
            taken(filled)

    def test_nothing_stored_is_no_rows(self, store: FeatureStore) -> None:
        data = taken(store)
        assert (data.matrix.shape, data.files) == ((0, 2), ())
