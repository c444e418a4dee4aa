"""What may go and what must stay."""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

import resources.feature_store.root as root_module
from resources.feature_store.garbage import find_garbage, remove_garbage
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore

TABLE = "features.features_1h"
T0 = datetime(2026, 3, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)


def paths(store: FeatureStore) -> set[str]:
    return {file.path for file in store.root.files() if not file.path.endswith("/owner.json")}


def make_old(file: Path, hours: int) -> None:
    moment = file.stat().st_mtime - hours * 3600
    os.utime(file, (moment, moment))


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

    def test_files_that_are_not_of_the_store_stay_and_are_named(
        self, folder_store, rows_of, tmp_path: Path
    ) -> None:
        folder_store.replace_window(TABLE, rows_of([0]), T0, T0 + HOUR)
        folder = tmp_path / "feature_store" / folder_store.folder
        mine = [
            folder / "notes.txt", folder / TABLE / "2026-03.parquet", folder / TABLE / "copy of 2026-03-abc.parquet",
            folder / TABLE / "deeper" / f"2026-03-{'a' * 16}.parquet", folder / ".snapshot" / "x",
        ]  # fmt: skip
        for file in mine:
            file.parent.mkdir(exist_ok=True)
            file.write_text("mine")
            make_old(file, 400)
        garbage = remove_garbage(folder_store, AT_ONCE)
        assert (garbage.paths, len(garbage.foreign)) == ([], len(mine))
        assert all(file.read_text() == "mine" for file in mine)

    def test_a_draft_goes_when_nobody_holds_its_month_whatever_the_clocks_say(
        self, folder_store, rows_of, tmp_path: Path, monkeypatch
    ) -> None:
        """The host that collects is a day ahead: a draft that is being written looks a day old to it."""
        folder_store.replace_window(TABLE, rows_of([0]), T0, T0 + HOUR)
        killed = (
            tmp_path
            / "feature_store"
            / folder_store.folder
            / TABLE
            / f".writing-2026-03-{'b' * 16}-{'c' * 32}"
        )
        killed.write_bytes(b"half")
        make_old(killed, 25)
        store_put = root_module._put_in_folder
        started, collected = threading.Event(), threading.Event()

        def slow(target: Path, data: object) -> None:
            draft = target.with_name(f".writing-{target.stem}-{'d' * 32}")
            draft.write_bytes(b"half")
            make_old(draft, 25)
            started.set()
            assert not collected.wait(0.5)  # the collector waits for the month
            assert draft.exists()
            draft.unlink()
            store_put(target, data)

        def collect() -> None:
            started.wait(10)
            remove_garbage(folder_store)
            collected.set()

        monkeypatch.setattr(root_module, "_put_in_folder", slow)
        collector = threading.Thread(target=collect)
        collector.start()
        folder_store.replace_window(TABLE, rows_of([1]), T0 + HOUR, T0 + 2 * HOUR)
        collector.join(10)
        assert (collected.is_set(), killed.exists()) == (True, False)
        assert len(folder_store.frame(TABLE, T0, T0 + 2 * HOUR)) == 4

    def test_a_draft_of_an_earlier_version_goes_after_a_week(
        self, folder_store, rows_of, tmp_path: Path
    ) -> None:
        folder_store.replace_window(TABLE, rows_of([0]), T0, T0 + HOUR)
        drafts = [
            tmp_path / "feature_store" / folder_store.folder / TABLE / f".writing-{c * 32}" for c in "ab"
        ]
        for draft, hours in zip(drafts, (6 * 24, 8 * 24), strict=True):
            draft.write_bytes(b"half")
            make_old(draft, hours)
        remove_garbage(folder_store)
        assert [draft.exists() for draft in drafts] == [True, False]

    def test_another_manifests_files_under_the_same_root_are_left_alone(
        self, store: FeatureStore, new_database, rows_of
    ) -> None:
        with new_database() as other:
            other.execute("update features.store_identity set store_id = gen_random_uuid()")
            neighbour = FeatureStore(other, StoreRoot(store.root.url, store.root.options))
            neighbour.replace_window(TABLE, rows_of([0]), T0, T0 + HOUR)
            remove_garbage(store, AT_ONCE)
            assert neighbour.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [0.0, 0.0]
