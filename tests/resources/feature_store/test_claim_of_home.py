"""A home that is copied is refused the files of the original; one that takes its files along goes on."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

from resources.feature_store.errors import NotOwnerError
from resources.feature_store.garbage import remove_garbage
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database
from resources.postgres.embedded import EmbeddedPostgres
from tests.resources.feature_store.test_claim import AT_ONCE, HOUR, T0, TABLE, write


@pytest.fixture
def home():  # type: ignore[no-untyped-def]
    """A home with a store in it and a store elsewhere; copies and moves of it are stopped and forgotten."""
    from resources.config.settings import Settings
    from resources.stores import prepare_database
    from tests.clusters import quick_clusters

    running: list[EmbeddedPostgres] = []

    @contextmanager
    def started(place: Path):  # type: ignore[no-untyped-def]
        server = EmbeddedPostgres(place)
        running.append(server)
        with quick_clusters():
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
