"""The features of a history for training, month by month: whole hours at once, thinned before they are kept."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from resources.feature_store import content
from resources.feature_store.errors import FeatureStoreError
from resources.feature_store.manifest import ManifestFile
from resources.feature_store.store import FeatureStore

FEATURES = "features.features_1h"
HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class FeatureRows:
    """Rows sorted by hour and pair, every row of each hour: hours since 1970 and pairs [rows], matrix float32
    [rows, features] with NaN where unknown, held column by column as the files are."""

    hours: NDArray[np.int64]
    pairs: NDArray[np.str_]
    matrix: NDArray[np.float32]


def feature_rows(
    feature_store: FeatureStore, names: Sequence[str], start: datetime, end: datetime
) -> Iterator[tuple[ManifestFile, FeatureRows]]:
    """The rows of [start, end), a month at a time with the file they are from, its hash checked.

    Raises FeatureStoreError when no month has one of the features, DamagedFileError for a damaged file. A feature that
    only some months have is NaN in the others.
    """
    held: set[str] = set()
    files = feature_store.files(FEATURES, start, end)

    def read(file: ManifestFile) -> FeatureRows:
        table = content.between(feature_store.load(file), start, end).combine_chunks()
        held.update(table.column_names)
        return _by_hour(table, names)

    yield from zip(files, _one_ahead(read, files), strict=True)
    unknown = [name for name in names if files and name not in held]
    if unknown:
        raise FeatureStoreError(
            f"no stored month of {FEATURES} has {', '.join(unknown)}: run `okxsignal refresh full` to compute it"
        )


def _one_ahead(
    read: Callable[[ManifestFile], FeatureRows], files: Sequence[ManifestFile]
) -> Iterator[FeatureRows]:
    """Each file's rows; the next one is read while the caller is busy with this one."""
    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(read, file) for file in files[:1]]
        for following in range(1, len(files) + 1):
            rows = coming.pop().result()
            coming.extend(reader.submit(read, file) for file in files[following : following + 1])
            yield rows


def _by_hour(table: pa.Table, names: Sequence[str]) -> FeatureRows:
    """The rows of a stored table, which is sorted by pair and time, by hour and pair."""
    hours = table.column("timestamp_utc").cast(pa.int64()).to_numpy() // HOUR_US
    order = np.argsort(hours, kind="stable")
    columns = np.full((len(names), table.num_rows), np.nan, dtype=np.float32)
    there = set(table.column_names)
    for place, name in enumerate(names):
        if name in there:
            columns[place] = table.column(name).to_numpy()[order]
    pairs = table.column("pair").to_numpy(zero_copy_only=False).astype(str)
    return FeatureRows(hours[order], pairs[order], columns.T)


def fingerprint(files: Sequence[ManifestFile], further: bytes = b"") -> str:
    """SHA-256 over the hashes of the files in order, and further bytes; 16 hex digits."""
    digest = hashlib.sha256("\n".join(file_words(files)).encode())
    digest.update(further)
    return digest.hexdigest()[:16]


def file_words(files: Sequence[ManifestFile]) -> list[str]:
    """`table month hash` of each file."""
    return [f"{file.table_name} {file.month:%Y-%m} {file.content_hash}" for file in files]
