"""A place that does not answer, refuses or is full is one clear message; nothing of it is taken for damage."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resources.feature_store.errors import DamagedFileError, FeatureStoreError, StoreAccessError
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from tests.ports import free_port

TABLE = "features.features_1h"
T0 = datetime(2026, 3, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def unreachable() -> StoreRoot:
    return StoreRoot(
        "s3://store/x?token=to-hide",
        {
            "endpoint_url": f"http://127.0.0.1:{free_port()}", "key": "nobody", "secret": "to-hide",
            "config_kwargs": {"retries": {"max_attempts": 0}},
        },
    )  # fmt: skip


class TestABucketThatDoesNotAnswer:
    @pytest.mark.parametrize(
        "use",
        [
            lambda root: root.put("a/b", b"x"), lambda root: root.read("a/b"), lambda root: root.size("a/b"),
            lambda root: root.delete("a/b"), lambda root: list(root.files()), lambda root: root.open("a/b").read(),
        ],
        ids=["put", "read", "size", "delete", "list", "open"],
    )  # fmt: skip
    def test_every_use_is_one_line_with_a_remedy_and_without_secrets(self, use) -> None:
        with pytest.raises(StoreAccessError) as failure:
            use(unreachable())
        assert "check OKXSIGNAL_STORE_URL" in str(failure.value)
        assert "\n" not in str(failure.value)
        assert "hide" not in str(failure.value)

    def test_it_is_not_called_damaged_and_no_month_is_made_anew(self, folder_store, rows_of) -> None:
        folder_store.replace_window(TABLE, rows_of([0]), T0, T0 + HOUR)
        away = FeatureStore(folder_store.database, unreachable())
        for use in (
            lambda: away.frame(TABLE, T0, T0 + HOUR),
            lambda: away.load(away.files(TABLE, T0, T0 + HOUR)[0]),
            lambda: away.is_intact(away.files(TABLE, T0, T0 + HOUR)[0]),
            lambda: away.replace_window(TABLE, rows_of([1]), T0 + HOUR, T0 + 2 * HOUR),
        ):
            with pytest.raises(StoreAccessError):
                use()
        assert len(folder_store.frame(TABLE, T0, T0 + 2 * HOUR)) == 2


def test_a_bucket_that_does_not_exist_is_named(bucket) -> None:
    with pytest.raises(StoreAccessError, match="s3://nowhere/a/b cannot be used"):
        StoreRoot("s3://nowhere", bucket).put("a/b", b"x")


def test_options_that_nobody_knows_are_named() -> None:
    with pytest.raises(FeatureStoreError, match="OKXSIGNAL_STORE_"):
        StoreRoot("s3://store", {"no_such_option": 1, "endpoint_url": "::"}).put("a/b", b"x")


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "the disk is full: free space there, or run `okxsignal store gc`"),
        (errno.EDQUOT, "the disk is full"),
        (errno.EACCES, "the right to read, write and delete"),
        (errno.EROFS, "the right to read, write and delete"),
        (errno.EIO, "check OKXSIGNAL_STORE_URL"),
    ],
)
def test_a_disk_that_refuses_gives_advice_and_keeps_the_old_month(
    folder_store, rows_of, monkeypatch, number: int, advice: str
) -> None:
    folder_store.replace_window(TABLE, rows_of([0]), T0, T0 + HOUR)

    def refuse(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreAccessError, match=advice):
        folder_store.replace_window(TABLE, rows_of([1]), T0 + HOUR, T0 + 2 * HOUR)
    monkeypatch.undo()
    assert folder_store.frame(TABLE, T0, T0 + 2 * HOUR)["x"].tolist() == [0.0, 0.0]
    assert [file.path for file in folder_store.root.files() if ".writing-" in file.path] == []


def test_a_file_that_is_cut_off_is_damage(folder_store, rows_of, tmp_path: Path) -> None:
    folder_store.replace_window(TABLE, rows_of(range(40)), T0, T0 + 40 * HOUR)
    file = next(tmp_path.rglob("*.parquet"))
    data = file.read_bytes()
    for broken in (data[:100], data[:50] + b"?" * 20 + data[70:], b""):
        file.write_bytes(broken)
        with pytest.raises(DamagedFileError):
            folder_store.load(folder_store.files(TABLE, T0, T0 + HOUR)[0])
