"""Who may change the files: a copy of a database, made in any way, is refused and deletes nothing."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from resources.feature_store.claim import Claim
from resources.feature_store.errors import FeatureStoreError, NotOwnerError
from resources.feature_store.garbage import remove_garbage
from resources.feature_store.manifest import LockedMonth
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database, sibling

TABLE = "features.features_1h"
T0 = datetime(2026, 3, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT_ONCE = timedelta(0)


def contents(store: FeatureStore) -> dict[str, bytes]:
    return {file.path: store.root.read(file.path) for file in store.root.files()}


def write(store: FeatureStore, rows, hour: int = 0) -> None:
    store.replace_window(TABLE, rows, T0 + hour * HOUR, T0 + (hour + 1) * HOUR)


@pytest.fixture
def copied_database(server):  # type: ignore[no-untyped-def]
    """Copies a database on the same server, as a dump that is restored under another name does."""
    administration, made = Database(sibling(server.url, "postgres")), []

    def copy(database: Database) -> Database:
        made.append(f"copy_{uuid4().hex[:12]}")
        with administration.connect(autocommit=True) as connection:
            connection.execute(
                f"create database {made[-1]} template {database.url.split('/')[3].split('?')[0]}"
            )
        return Database(sibling(database.url, made[-1]))

    yield copy
    for name in made:
        administration_drop(administration, name)


def administration_drop(administration: Database, name: str) -> None:
    with administration.connect(autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


class TestACopiedDatabase:
    def test_it_may_read_and_is_refused_every_change(
        self, store: FeatureStore, copied_database, rows_of
    ) -> None:
        write(store, rows_of([0]))
        clone = FeatureStore(copied_database(store.database), StoreRoot(store.root.url, store.root.options))
        write(store, rows_of([0], x=5.0))
        before = contents(store)
        assert clone.folder == store.folder
        for change in (
            lambda: write(clone, rows_of([1]), 1),
            lambda: write(clone, rows_of([0], x=9.0)),
            lambda: remove_garbage(clone, AT_ONCE),
        ):
            with pytest.raises(NotOwnerError, match=r"OKXSIGNAL_STORE_URL.*okxsignal store adopt"):
                change()
        assert contents(store) == before
        assert clone.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [0.0, 0.0]
        write(store, rows_of([1]), 1)

    def test_it_is_refused_also_when_it_comes_first(
        self, store: FeatureStore, copied_database, rows_of
    ) -> None:
        write(store, rows_of([0]))
        clone = FeatureStore(copied_database(store.database), StoreRoot(store.root.url, store.root.options))
        with pytest.raises(NotOwnerError):
            remove_garbage(clone, AT_ONCE)
        assert remove_garbage(store, AT_ONCE).paths == []
        assert store.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [0.0, 0.0]

    def test_after_adopt_it_owns_the_files_and_the_original_may_only_read(
        self, store: FeatureStore, copied_database, rows_of
    ) -> None:
        write(store, rows_of([0]))
        clone = FeatureStore(copied_database(store.database), StoreRoot(store.root.url, store.root.options))
        before = clone.ownership.adopt()
        assert before is not None
        write(clone, rows_of([1]), 1)
        with pytest.raises(NotOwnerError, match="belong to another database"):
            write(store, rows_of([2]), 2)
        store.ownership.adopt()
        write(store, rows_of([2]), 2)
        with pytest.raises(NotOwnerError):
            write(clone, rows_of([3]), 3)

    def test_with_a_copy_of_the_files_elsewhere_it_is_free(
        self, folder_store, copied_database, rows_of, tmp_path: Path
    ) -> None:
        write(folder_store, rows_of([0]))
        shutil.copytree(tmp_path / "feature_store", tmp_path / "another")
        clone = FeatureStore(copied_database(folder_store.database), StoreRoot(str(tmp_path / "another")))
        write(clone, rows_of([0]))
        write(folder_store, rows_of([0], x=7.0))
        assert clone.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [0.0, 0.0]


@pytest.fixture
def physical_copy(copied_database):  # type: ignore[no-untyped-def]
    """A snapshot that was started at the address of the original: only the token differs."""

    def copy(store: FeatureStore) -> FeatureStore:
        clone = FeatureStore(copied_database(store.database), StoreRoot(store.root.url, store.root.options))
        clone.ownership.__dict__["place"] = store.ownership.place
        return clone

    return copy


def tokens_of(store: FeatureStore) -> list[tuple[str | None, str | None]]:
    rows = store.database.rows("select owner_token, next_token from features.store_identity")
    return [tuple(str(token) if token else None for token in row.values()) for row in rows]


class TestACopyAtTheAddressOfTheOriginal:
    def test_once_the_original_has_changed_a_file_it_is_refused_and_deletes_nothing(
        self, store: FeatureStore, physical_copy, rows_of
    ) -> None:
        write(store, rows_of([0]))
        clone = physical_copy(store)
        write(store, rows_of([0], x=5.0))
        before = contents(store)
        for change in (
            lambda: remove_garbage(clone, AT_ONCE),
            lambda: write(clone, rows_of([1]), 1),
            lambda: write(clone, rows_of([0], x=9.0)),
            lambda: remove_garbage(clone, AT_ONCE),
        ):
            with pytest.raises(NotOwnerError, match=r"OKXSIGNAL_STORE_URL.*okxsignal store adopt"):
                change()
        assert contents(store) == before
        assert clone.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [0.0, 0.0]
        assert store.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [5.0, 5.0]
        write(store, rows_of([1]), 1)
        remove_garbage(store, AT_ONCE)

    @pytest.mark.parametrize("change", ["write", "gc"])
    def test_the_first_that_changes_a_file_is_the_owner_and_the_other_is_refused(
        self, store: FeatureStore, physical_copy, rows_of, change: str
    ) -> None:
        write(store, rows_of([0], x=1.0))
        write(store, rows_of([0]))
        clone = physical_copy(store)
        if change == "write":
            write(clone, rows_of([0], x=3.0))
        else:
            assert len(remove_garbage(clone, AT_ONCE).superseded) == 1
        before = contents(store)
        for attempt in (
            lambda: write(store, rows_of([1]), 1),
            lambda: remove_garbage(store, AT_ONCE),
        ):
            with pytest.raises(NotOwnerError, match="okxsignal store adopt"):
                attempt()
        assert contents(store) == before
        assert store.frame(TABLE, T0, T0 + HOUR)["x"].tolist() == [0.0, 0.0]
        store.ownership.adopt()
        write(store, rows_of([1]), 1)
        with pytest.raises(NotOwnerError):
            write(clone, rows_of([2]), 2)

    @pytest.mark.parametrize("removed", ["superseded", "orphan", "month"])
    def test_nothing_is_deleted_by_an_older_copy_after_the_original_has_deleted(
        self, store: FeatureStore, physical_copy, rows_of, removed: str
    ) -> None:
        write(store, rows_of([0], x=1.0))
        write(store, rows_of([0]))
        orphan = f"{store.folder}/{TABLE}/2026-03-{'a' * 16}.parquet"
        if removed == "orphan":
            store.root.put(orphan, b"")
            store.manifest.database.execute("delete from features.files where superseded_at is not null")
        clone = physical_copy(store)
        if removed == "month":
            store.replace_window(TABLE, rows_of([0]).head(0), T0, T0 + HOUR)
        else:
            assert remove_garbage(store, AT_ONCE).paths
        before = contents(store)
        with pytest.raises(NotOwnerError):
            remove_garbage(clone, AT_ONCE)
        assert contents(store) == before

    def test_writing_equal_rows_needs_no_new_token(self, store: FeatureStore, rows_of) -> None:
        write(store, rows_of([0]))
        before = store.ownership.claim()
        write(store, rows_of([0]))
        assert remove_garbage(store, AT_ONCE).paths == []
        assert store.ownership.claim() == before


class CrashError(Exception):
    """The process is gone."""


class TestTheToken:
    def test_it_is_replaced_by_every_change_and_the_database_holds_the_last_two(
        self, store: FeatureStore, rows_of
    ) -> None:
        seen = []
        for hour in range(3):
            write(store, rows_of([hour]), hour)
            claim = store.ownership.claim()
            assert claim is not None
            seen.append(claim.token)
            assert tokens_of(store)[0][1] == claim.token
        assert len(set(seen)) == 3
        assert tokens_of(store) == [(seen[1], seen[2])]

    @pytest.mark.parametrize("lost", ["the claim", "the file", "the manifest"])
    def test_a_crash_at_any_step_locks_nobody_out_and_still_refuses_an_older_copy(
        self, store: FeatureStore, physical_copy, rows_of, monkeypatch, lost: str
    ) -> None:
        write(store, rows_of([0]))
        clone = physical_copy(store)
        put, swap = StoreRoot.put, LockedMonth.swap

        def broken_put(root: StoreRoot, path: str, data) -> None:  # type: ignore[no-untyped-def]
            if path.endswith("owner.json") == (lost == "the claim"):
                raise CrashError
            put(root, path, data)

        def broken_swap(_month: LockedMonth, _new: object) -> None:
            raise CrashError

        with monkeypatch.context() as patch:
            if lost == "the manifest":
                patch.setattr(LockedMonth, "swap", broken_swap)
            else:
                patch.setattr(StoreRoot, "put", broken_put)
            with pytest.raises(CrashError):
                write(store, rows_of([1]), 1)
        assert LockedMonth.swap is swap
        again = FeatureStore(store.database, StoreRoot(store.root.url, store.root.options))
        write(again, rows_of([1]), 1)
        with pytest.raises(NotOwnerError):
            write(clone, rows_of([2]), 2)
        assert len(again.frame(TABLE, T0, T0 + 2 * HOUR)) == 4

    @pytest.mark.parametrize("halfway", [None, False, True])
    def test_a_home_of_an_earlier_version_goes_on_also_after_a_crash_of_it(
        self, store, rows_of, halfway: bool | None
    ) -> None:
        """There the claim held both tokens while one was replaced, and the database one of them."""
        write(store, rows_of([0]))
        claim, new = store.ownership.claim(), str(uuid4())
        if halfway is not None:
            store.root.put(f"{store.folder}/owner.json", replace(claim, next_token=new).written())
        store.database.execute(
            "update features.store_identity set owner_token = $1, next_token = null",
            (new if halfway else claim.token,),
        )
        write(store, rows_of([1]), 1)
        write(store, rows_of([2]), 2)
        assert store.ownership.claim().next_token == ""
        assert tokens_of(store)[0][1] == store.ownership.claim().token

    def test_many_writers_of_one_database_share_the_claim(self, store, rows_of) -> None:
        from concurrent.futures import ThreadPoolExecutor

        def one(hour: int) -> None:
            write(
                FeatureStore(store.database, StoreRoot(store.root.url, store.root.options)),
                rows_of([hour]),
                hour,
            )

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(one, range(6)))
        assert len(store.frame(TABLE, T0, T0 + 6 * HOUR)) == 12

    def test_a_claim_that_cannot_be_read_says_how_to_go_on(
        self, folder_store, rows_of, tmp_path: Path
    ) -> None:
        write(folder_store, rows_of([0]))
        file = tmp_path / "feature_store" / folder_store.folder / "owner.json"
        for text in (b"", b"[]", b"{}", b'{"renewed_at": 3}'):
            file.write_bytes(text)
            with pytest.raises(FeatureStoreError, match="okxsignal store adopt"):
                write(folder_store, rows_of([1]), 1)
        assert folder_store.ownership.adopt() is None
        write(folder_store, rows_of([1]), 1)

    def test_a_claim_is_read_as_it_was_written(self) -> None:
        claim = Claim("t", ("a", "b"), "okx at h", datetime(2026, 1, 2, 3, tzinfo=UTC), "n", "/x", 7)
        assert Claim.parse(claim.written(), "") == claim
