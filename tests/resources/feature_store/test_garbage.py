"""What may go and what must stay."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from resources.feature_store.garbage import find_garbage, remove_garbage
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore

TABLE = "features.features_1h"
T0 = datetime(2026, 3, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)


def paths(store: FeatureStore) -> set[str]:
    return {file.path for file in store.root.files()}


def age(store: FeatureStore, hours: int) -> None:
    """Let the superseded files have been superseded so long ago."""
    store.database.execute(
        "update features.files set superseded_at = superseded_at - $1", (timedelta(hours=hours),)
    )


@pytest.fixture
def versions(store: FeatureStore, rows_of):  # type: ignore[no-untyped-def]
    """The same month written as version 0, 1, 2 ...; gives the path of each."""

    def write(count: int) -> list[str]:
        written = []
        for number in range(count):
            store.replace_window(TABLE, rows_of([0], x=float(number)), T0, T0 + HOUR)
            written.append(next(file.path for file in store.manifest.every() if file.is_current))
        return written

    return write


class TestWriter:
    def test_it_removes_its_own_superseded_files_after_the_grace(
        self, store: FeatureStore, versions, rows_of
    ) -> None:
        old = versions(3)
        assert paths(store) == set(old)
        age(store, 2)
        store.replace_window(TABLE, rows_of([1]), T0 + HOUR, T0 + 2 * HOUR)
        left = {file.path for file in store.manifest.every()}
        assert paths(store) == left
        assert left & set(old) == {old[2]}

    def test_a_day_of_hourly_writes_leaves_an_hours_worth_of_files(self, folder_store, rows_of) -> None:
        for hour in range(24):
            start = T0 + hour * HOUR
            folder_store.replace_window(TABLE, rows_of([hour]), start, start + HOUR)
            age(folder_store, 1)
        assert len(paths(folder_store)) <= 2

    def test_it_leaves_pinned_files(self, store: FeatureStore, versions, rows_of) -> None:
        first, *_ = versions(2)
        pinned = [file.file_id for file in store.manifest.every() if file.path == first]
        store.manifest.pin("m", 1, pinned)
        age(store, 2)
        store.replace_window(TABLE, rows_of([1]), T0 + HOUR, T0 + 2 * HOUR)
        assert first in paths(store)


class TestCollection:
    def test_a_dry_look_removes_nothing(self, store: FeatureStore, versions) -> None:
        written = versions(3)
        age(store, 2)
        assert sorted(find_garbage(store).paths) == sorted(written[:2])
        assert find_garbage(store).byte_count > 0
        assert paths(store) == set(written)

    def test_superseded_files_go_and_pinned_and_current_ones_stay(
        self, store: FeatureStore, versions, rows_of
    ) -> None:
        written = versions(4)
        pinned = [file for file in store.manifest.every() if file.path == written[1]]
        for _ in range(2):
            store.manifest.pin("m", 7, [pinned[0].file_id])
        age(store, 2)
        assert sorted(remove_garbage(store).paths) == sorted([written[0], written[2]])
        assert paths(store) == {written[1], written[3]}
        assert store.load(pinned[0]).num_rows == 2
        assert store.manifest.pinned_by() == {pinned[0].file_id: [7]}
        assert store.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [3.0, 3.0]
        assert remove_garbage(store).paths == []
        assert store.replace_window(TABLE, rows_of([0], x=1.0), T0, T0 + HOUR)
        assert next(file.file_id for file in store.manifest.every() if file.is_current) == pinned[0].file_id

    def test_what_a_reader_may_still_use_stays_for_the_grace(self, store: FeatureStore, versions) -> None:
        written = versions(2)
        assert remove_garbage(store).paths == []
        assert paths(store) == set(written)

    def test_a_pin_of_a_file_that_is_gone_is_refused(self, store: FeatureStore, versions) -> None:
        versions(2)
        gone = next(file for file in store.manifest.every() if not file.is_current)
        remove_garbage(store, AT_ONCE)
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            store.manifest.pin("m", 1, [gone.file_id])

    def test_another_manifests_files_under_the_same_root_are_left_alone(
        self, store: FeatureStore, new_database, rows_of
    ) -> None:
        with new_database() as other:
            other.execute("update features.store_identity set store_id = gen_random_uuid()")
            neighbour = FeatureStore(other, StoreRoot(store.root.url, store.root.options))
            neighbour.replace_window(TABLE, rows_of([0]), T0, T0 + HOUR)
            remove_garbage(store, AT_ONCE)
            assert neighbour.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [0.0, 0.0]
