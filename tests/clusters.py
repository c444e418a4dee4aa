"""Clusters for tests: they do not wait for the disk, and `initdb`, a second each time, runs once a process."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from resources.postgres import embedded
from resources.postgres.embedded import EmbeddedPostgres

REAL_INITDB = EmbeddedPostgres.make_cluster
KEPT: list[Path] = []  # the files of an empty cluster, once this process has made one


@contextmanager
def without_syncing() -> Iterator[None]:
    """Servers started in the block do not wait for the disk: their data live as long as the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(embedded.SERVER_OPTIONS, "fsync", "off")
        patch.setattr(embedded, "INITDB_OPTIONS", [*embedded.INITDB_OPTIONS, "--no-sync"])
        yield


@contextmanager
def quick_clusters() -> Iterator[None]:
    """The same, and the cluster of a new home is a copy of the first one that was made."""
    with without_syncing(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(EmbeddedPostgres, "make_cluster", make_or_copy)
        yield


def keep_one() -> None:
    """Make the files of an empty cluster, for forks of this process."""
    with tempfile.TemporaryDirectory(prefix="okxsignal-first-") as home:
        server = EmbeddedPostgres(Path(home))
        server.start()
        server.forget()


def make_or_copy(server: EmbeddedPostgres) -> None:
    """Nothing has run on the files that are kept, so a copy is what `initdb` makes."""
    if not KEPT:
        REAL_INITDB(server)
        folder = Path(tempfile.mkdtemp(prefix="okxsignal-cluster-"))
        atexit.register(_remove, folder, os.getpid())
        _copy(server.data, folder / "data")
        KEPT.append(folder / "data")
    else:
        _copy(KEPT[0], server.data)


def _remove(folder: Path, maker: int) -> None:
    if os.getpid() == maker:  # a fork leaves it to the process that it came from
        shutil.rmtree(folder, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)  # keeps owners, unlike shutil
