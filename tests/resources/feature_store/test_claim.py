"""Who may change the files: a copy of a database, made in any way, is refused and deletes nothing."""

import shutil
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from resources.feature_store.claim import Claim
from resources.feature_store.errors import FeatureStoreError, NotOwnerError
from resources.feature_store.garbage import remove_garbage
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database, sibling
from resources.postgres.embedded import EmbeddedPostgres

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


class TestTheToken:
    def test_it_is_replaced_once_a_day_so_that_an_older_copy_in_the_same_place_is_refused(
        self, store: FeatureStore, rows_of
    ) -> None:
        write(store, rows_of([0]))
        claim = store.ownership.claim()
        assert claim is not None
        store.root.put(
            f"{store.folder}/owner.json",
            replace(claim, renewed_at=claim.renewed_at - timedelta(days=2)).written(),
        )
        write(store, rows_of([1]), 1)
        renewed = store.ownership.claim()
        assert renewed is not None
        assert (renewed.token != claim.token, renewed.next_token, renewed.places) == (True, "", claim.places)
        store.database.execute("update features.store_identity set owner_token = $1", (claim.token,))
        with pytest.raises(NotOwnerError):
            write(FeatureStore(store.database, store.root), rows_of([2]), 2)

    @pytest.mark.parametrize("committed", [False, True])
    def test_a_crash_while_it_is_replaced_locks_nobody_out(self, store, rows_of, committed: bool) -> None:
        write(store, rows_of([0]))
        claim, new = store.ownership.claim(), str(uuid4())
        halfway = replace(claim, next_token=new, renewed_at=claim.renewed_at - timedelta(days=2))
        store.root.put(f"{store.folder}/owner.json", halfway.written())
        if committed:
            store.database.execute("update features.store_identity set owner_token = $1", (new,))
        write(store, rows_of([1]), 1)
        write(store, rows_of([2]), 2)
        assert store.ownership.claim().next_token == ""

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


@pytest.fixture
def home():  # type: ignore[no-untyped-def]
    """A home with a store in it and a store elsewhere; copies and moves of it are stopped and forgotten."""
    from resources.config.settings import Settings
    from resources.stores import prepare_database
    from tests.conftest import without_syncing

    running: list[EmbeddedPostgres] = []

    @contextmanager
    def started(place: Path):  # type: ignore[no-untyped-def]
        server = EmbeddedPostgres(place)
        running.append(server)
        with without_syncing():
            server.start()
        settings = Settings(home=place)
        prepare_database(settings.database, settings.market)
        yield Database(server.url)
        server.stop()

    yield started
    for server in running:
        server.forget()


class TestAHomeThatIsCopiedOrMoved:
    """Another path of the cluster, the same numbers inside: what `cp -a` and `mv` do."""

    def test_a_copy_with_the_same_store_root_is_refused_and_nothing_is_deleted(
        self, home, rows_of, tmp_path: Path
    ) -> None:
        root = StoreRoot(str(tmp_path / "shared"))
        with home(tmp_path / "one") as database:
            write(FeatureStore(database, root), rows_of([0]))
        copy_home(tmp_path / "one", tmp_path / "two")
        before = {path: path.read_bytes() for path in (tmp_path / "shared").rglob("*") if path.is_file()}
        with home(tmp_path / "two") as database:
            clone = FeatureStore(database, root)
            for hour in (0, 1):
                with pytest.raises(NotOwnerError):
                    write(clone, rows_of([hour], x=3.0), hour)
            with pytest.raises(NotOwnerError):
                remove_garbage(clone, AT_ONCE)
        assert before == {
            path: path.read_bytes() for path in (tmp_path / "shared").rglob("*") if path.is_file()
        }
        with home(tmp_path / "one") as database:
            write(FeatureStore(database, root), rows_of([1]), 1)

    def test_a_whole_home_that_is_copied_or_moved_goes_on_with_its_own_files(
        self, home, rows_of, tmp_path: Path
    ) -> None:
        for place in ("one", "two", "three"):
            with home(tmp_path / place) as database:
                store = FeatureStore(database, StoreRoot(str(tmp_path / place / "feature_store")))
                write(
                    store, rows_of([0]) if place == "one" else rows_of([1], x=3.0), 0 if place == "one" else 1
                )
                assert len(store.frame(TABLE, T0, T0 + 2 * HOUR)) == (2 if place == "one" else 4)
            if place == "one":
                copy_home(tmp_path / "one", tmp_path / "two")
            elif place == "two":
                move_home(tmp_path / "two", tmp_path / "three")
        with home(tmp_path / "one") as database:
            write(FeatureStore(database, StoreRoot(str(tmp_path / "one" / "feature_store"))), rows_of([2]), 2)


def copy_home(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True)
    cluster = EmbeddedPostgres(source).cluster
    if not cluster.is_relative_to(source):
        shutil.copytree(cluster, EmbeddedPostgres(target).cluster)
        own(EmbeddedPostgres(target).cluster, cluster)


def move_home(source: Path, target: Path) -> None:
    cluster = EmbeddedPostgres(source).cluster
    if not cluster.is_relative_to(source):
        cluster.rename(EmbeddedPostgres(target).cluster)
    source.rename(target)


def own(place: Path, like: Path) -> None:
    """As root the cluster belongs to somebody else."""
    import os

    facts = like.stat()
    for path in (place, *place.rglob("*")):
        os.chown(path, facts.st_uid, facts.st_gid, follow_symlinks=False)
