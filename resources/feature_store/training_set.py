"""Training sets: features and one label of many months as arrays, with the fingerprint of the files they came from."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from resources.feature_store import content
from resources.feature_store.errors import FeatureStoreError
from resources.feature_store.manifest import ManifestFile
from resources.feature_store.store import FeatureStore

FEATURES = "features.features_1h"
LABELS = ("ml.labels_1d", "ml.labels_2w")


@dataclass(frozen=True)
class TrainingSet:
    """Rows by time and pair.

    matrix: float32 [rows, features], NaN where unknown; target: float32 [rows], always known; pairs: text
    [rows]; times: datetime64[us] [rows], UTC opens; files: every file that was read, oldest first.
    """

    matrix: NDArray[np.float32]
    target: NDArray[np.float32]
    pairs: NDArray[np.str_]
    times: NDArray[np.datetime64]
    feature_names: tuple[str, ...]
    files: tuple[ManifestFile, ...]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the hashes of the files in order, 16 hex digits."""
        return hashlib.sha256("\n".join(self.file_hashes).encode()).hexdigest()[:16]

    @property
    def file_hashes(self) -> tuple[str, ...]:
        """`table month hash` of every file that was read."""
        return tuple(f"{file.table_name} {file.month:%Y-%m} {file.content_hash}" for file in self.files)


def training_set(
    feature_store: FeatureStore,
    pairs: Sequence[str] | None,
    window: tuple[datetime, datetime],
    features: Sequence[str],
    target: str,
    purge: timedelta,
) -> TrainingSet:
    """Everything known at window[1] about the rows from window[0] on, for these pairs or for all.

    A row of hour t is labelled at t + `purge` (its own hour and the label's horizon); rows whose label was
    not known at window[1] are left out, and so are rows without a target. Every file is read whole and its
    hash checked. Raises FeatureStoreError for an unknown column, DamagedFileError for a damaged file.
    """
    start, end = window[0], window[1] - purge + timedelta(hours=1)
    labels, files_of_labels = _label_files(feature_store, start, end, target)
    files = feature_store.files(FEATURES, start, end)
    by_month = {file.month: file for file in files_of_labels}
    used: list[ManifestFile] = []
    blocks: list[_Block] = []
    for file in files:
        if file.month in by_month:
            used += [file, by_month[file.month]]
            blocks.append(
                _joined(
                    _cut(feature_store.load(file), start, end, pairs),
                    _cut(feature_store.load(by_month[file.month]), start, end, pairs),
                    tuple(features),
                    target,
                )
            )
    _require_columns(blocks, features, target, labels)
    return _together(blocks, tuple(features), tuple(used))


@dataclass(frozen=True)
class _Block:
    """One month of a training set."""

    matrix: NDArray[np.float32]
    target: NDArray[np.float32]
    pairs: NDArray[np.str_]
    times: NDArray[np.datetime64]
    held: frozenset[str]


def _label_files(
    feature_store: FeatureStore, start: datetime, end: datetime, target: str
) -> tuple[str, list[ManifestFile]]:
    """The label table that has the target, and its files."""
    from okx_core.labels.registry import LABELS_1D, LABELS_2W

    for table, names in zip(LABELS, (LABELS_1D, LABELS_2W), strict=True):
        if target in names:
            return table, feature_store.files(table, start, end)
    raise FeatureStoreError(f"no label is called {target!r}; see docs/labels.md")


def _cut(table: pa.Table, start: datetime, end: datetime, pairs: Sequence[str] | None) -> pa.Table:
    table = content.between(table, start, end)
    if pairs is not None:
        table = table.filter(pc.is_in(table.column("pair"), pa.array(list(pairs), pa.string())))
    return table.combine_chunks()


def _keys(table: pa.Table, names: list[str]) -> NDArray[np.int64]:
    """One number per row that grows with time, then pair."""
    code_of = {name: code for code, name in enumerate(names)}
    pairs = table.column("pair").combine_chunks().dictionary_encode()
    codes = np.array([code_of[name] for name in pairs.dictionary.to_pylist()], dtype=np.int64)
    hours = table.column("timestamp_utc").cast(pa.int64()).to_numpy() // 3_600_000_000
    return np.asarray(hours * len(names) + codes[pairs.indices.to_numpy()], dtype=np.int64)


def _joined(features: pa.Table, labels: pa.Table, names: tuple[str, ...], target: str) -> _Block:
    """The rows that have both, by time and pair; a feature that the month lacks is NaN."""
    held = frozenset([*features.column_names, *labels.column_names])
    known = labels.filter(labels.column(target).is_valid()) if target in held else labels.slice(0, 0)
    pairs = sorted(
        {*features.column("pair").unique().to_pylist(), *known.column("pair").unique().to_pylist()}
    )
    if not pairs or not known.num_rows:
        return _empty(len(names), held)
    keys, label_keys = _keys(features, pairs), _keys(known, pairs)
    both, mine, theirs = np.intersect1d(keys, label_keys, assume_unique=True, return_indices=True)
    matrix = np.empty((len(both), len(names)), dtype=np.float32)
    for place, name in enumerate(names):
        matrix[:, place] = features.column(name).to_numpy()[mine] if name in held else np.nan
    return _Block(
        matrix,
        known.column(target).to_numpy()[theirs] if len(both) else np.empty(0, np.float32),
        np.array(pairs)[both % len(pairs)],
        (both // len(pairs)).astype("datetime64[h]").astype("datetime64[us]"),
        held,
    )


def _empty(features: int, held: frozenset[str]) -> _Block:
    nothing = np.empty(0, np.float32)
    return _Block(
        np.empty((0, features), np.float32), nothing, np.empty(0, "U1"), np.empty(0, "datetime64[us]"), held
    )


def _require_columns(blocks: list[_Block], features: Sequence[str], target: str, labels: str) -> None:
    held = frozenset[str]().union(*(block.held for block in blocks))
    unknown = [name for name in features if blocks and name not in held]
    if unknown:
        raise FeatureStoreError(
            f"no stored month of {FEATURES} has {', '.join(unknown)}: run `okxsignal refresh full` to compute it"
        )
    if blocks and target not in held:
        raise FeatureStoreError(f"no stored month of {labels} has {target}: run `okxsignal refresh full`")


def _together(blocks: list[_Block], names: tuple[str, ...], files: tuple[ManifestFile, ...]) -> TrainingSet:
    """The months one after the other, which keeps the order by time and pair."""
    blocks = blocks or [_empty(len(names), frozenset())]
    return TrainingSet(
        np.concatenate([block.matrix for block in blocks]),
        np.concatenate([block.target for block in blocks]),
        np.concatenate([block.pairs for block in blocks]),
        np.concatenate([block.times for block in blocks]),
        names,
        files,
    )
