"""Where the files lie: a folder, or any place that fsspec knows, such as a bucket."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import uuid4

from resources.config.masking import masked
from resources.feature_store.access import access_error, reported
from resources.feature_store.errors import FeatureStoreError

if TYPE_CHECKING:
    import pyarrow as pa

DRAFT = ".writing-"  # what a killed writer leaves; never named by the manifest


@dataclass(frozen=True)
class StoredFile:
    """A file found under the root; `path` is relative to it."""

    path: str
    byte_count: int
    modified_at: datetime


@dataclass(frozen=True)
class StoreRoot:
    """Files by relative path under `url`; `options` go to fsspec and may hold secrets.

    Every method raises StoreAccessError when the place does not answer, refuses or is full.
    """

    url: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def _place(self) -> tuple[Any, str]:
        import fsspec

        try:
            return cast("tuple[Any, str]", fsspec.core.url_to_fs(self.url, **self.options))
        except ImportError as error:
            raise FeatureStoreError(
                f"OKXSIGNAL_STORE_URL={self} needs a package that is not installed ({error}): install it, for "
                "s3:// with pip install 'okxsignal[s3]'"
            ) from None
        except ValueError as error:
            raise FeatureStoreError(f"OKXSIGNAL_STORE_URL={self}: {error}") from None
        except Exception as error:  # noqa: BLE001 - unknown options, an endpoint of the wrong form
            raise access_error(f"OKXSIGNAL_STORE_URL={self}", error) from None

    def __str__(self) -> str:
        return masked(self.url)

    @property
    def _is_local(self) -> bool:
        protocol = self._place[0].protocol
        return "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    @property
    def folder(self) -> Path | None:
        """The folder of this machine that it is, None for any other place."""
        return Path(self._place[1]).resolve() if self._is_local else None

    def address(self, path: str) -> str:
        """The full address of a file, for people."""
        return f"{self}/{path}"

    def _full(self, path: str) -> str:
        return f"{self._place[1]}/{path}"

    def put(self, path: str, data: "pa.Buffer | bytes") -> None:
        """Write a file atomically: whole or not at all.

        A folder gets a draft named after the file, flushed to disk and renamed; an object store shows an
        upload only when it is complete.
        """
        with reported(self.address(path)):
            if self._is_local:
                _put_in_folder(Path(self._full(path)), data)
                return
            try:
                self._place[0].pipe_file(self._full(path), bytes(memoryview(data)))
            except FileNotFoundError as error:  # a bucket that does not exist
                raise access_error(self.address(path), error) from None

    def read(self, path: str) -> bytes:
        """The whole file; FileNotFoundError when it is gone."""
        with reported(self.address(path)):
            return cast("bytes", self._place[0].cat_file(self._full(path)))

    def open(self, path: str) -> IO[bytes]:
        """The file for reading in parts; FileNotFoundError when it is gone."""
        with reported(self.address(path)):
            return cast("IO[bytes]", self._place[0].open(self._full(path), "rb"))

    def size(self, path: str) -> int:
        """Bytes of the file; FileNotFoundError when it is gone."""
        with reported(self.address(path)):
            return int(self._place[0].size(self._full(path)))

    def delete(self, path: str) -> None:
        """Remove a file; one that is gone already is no error."""
        with suppress(FileNotFoundError), reported(self.address(path)):
            self._place[0].rm_file(self._full(path))

    def files(self) -> Iterator[StoredFile]:
        """Every file under the root, drafts included."""
        system, top = self._place
        with suppress(FileNotFoundError), reported(str(self)):
            system.invalidate_cache()
            for name, facts in system.find(top, detail=True).items():
                relative = name.removeprefix(top).lstrip("/")
                yield StoredFile(relative, int(facts["size"]), _modified(facts))


def _put_in_folder(target: Path, data: "pa.Buffer | bytes") -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{DRAFT}{target.stem}-{uuid4().hex}")
    try:
        with draft.open("wb") as file:
            file.write(memoryview(data))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _modified(facts: Mapping[str, Any]) -> datetime:
    """Each file system has its own name for it; a file that cannot say counts as new."""
    moment = facts.get("mtime") or facts.get("LastModified") or facts.get("created")
    if isinstance(moment, (int, float)):
        return datetime.fromtimestamp(moment, UTC)
    if isinstance(moment, datetime):
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return datetime.now(UTC)
