"""The rows that members are trained on: whole hours in order, a month at a time, with where they are from."""

import numpy as np
import pytest

from resources.feature_store.errors import DamagedFileError, FeatureStoreError
from resources.feature_store.training_rows import FEATURES, HOUR_US, feature_rows, file_words, fingerprint
from tests.resources.feature_store.conftest import HOUR, T0

LAST = 72  # hours; the month ends after 48


@pytest.fixture
def filled(folder_store, rows_of):
    folder_store.replace_window(FEATURES, rows_of(range(48), x=1.0), T0, T0 + 48 * HOUR)
    later = rows_of(range(48, LAST), x=1.0, y=100.0)
    folder_store.replace_window(FEATURES, later, T0 + 48 * HOUR, T0 + LAST * HOUR)
    return folder_store


def test_rows_come_by_hour_and_pair_and_cover_the_window(filled) -> None:
    start, end = T0 + 3 * HOUR, T0 + 60 * HOUR
    found = [rows for _, rows in feature_rows(filled, ("x",), start, end)]
    hours = np.concatenate([rows.hours for rows in found])
    first = int(start.timestamp()) // 3600
    np.testing.assert_array_equal(hours, np.repeat(np.arange(first, first + 57), 2))
    assert np.concatenate([rows.pairs for rows in found]).tolist() == ["A-USDT", "B-USDT"] * 57
    np.testing.assert_array_equal(
        np.concatenate([rows.matrix[:, 0] for rows in found]), np.repeat(np.arange(3, 60) + 1.0, 2)
    )
    assert HOUR_US == 3_600_000_000


def test_a_column_that_a_month_lacks_is_unknown_there_and_columns_come_as_asked(filled) -> None:
    march, april = (rows.matrix for _, rows in feature_rows(filled, ("y", "x"), T0, T0 + LAST * HOUR))
    assert np.isnan(march[:, 0]).all()
    assert not np.isnan(march[:, 1]).any()
    assert april[0].tolist() == [148.0, 49.0]


def test_a_column_that_no_month_has_is_refused_with_the_remedy(filled) -> None:
    with pytest.raises(FeatureStoreError, match=r"has z: run `okxsignal refresh full`"):
        list(feature_rows(filled, ("x", "z"), T0, T0 + LAST * HOUR))


def test_no_features_at_all_are_no_rows(folder_store) -> None:
    assert list(feature_rows(folder_store, ("x",), T0, T0 + LAST * HOUR)) == []


def test_a_damaged_file_is_refused(filled) -> None:
    file = filled.files(FEATURES, T0, T0 + HOUR)[0]
    data = bytearray(filled.root.read(file.path))
    data[len(data) // 2] ^= 1
    filled.root.put(file.path, bytes(data))
    with pytest.raises(DamagedFileError):
        list(feature_rows(filled, ("x",), T0, T0 + LAST * HOUR))


def test_the_fingerprint_names_files_and_what_else_was_read(filled) -> None:
    files = filled.files(FEATURES, T0, T0 + LAST * HOUR)
    assert len(file_words(files)) == 2
    assert fingerprint(files) == fingerprint(files)
    assert len({fingerprint(files), fingerprint(files[:1]), fingerprint(files, b"closes")}) == 3
