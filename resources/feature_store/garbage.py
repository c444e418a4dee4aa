"""Garbage of the store: superseded files that no model has pinned, and unlisted files."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from resources.feature_store.manifest import GRACE, ManifestFile
from resources.feature_store.root import StoredFile
from resources.feature_store.store import FeatureStore

NAME = re.compile(r"[^/]+/(?P<table>[^/]+)/(?P<year>\d{4})-(?P<month>\d{2})-[0-9a-f]{16}\.parquet")


@dataclass(frozen=True)
class Garbage:
    """Files that may go: `superseded` ones the manifest still lists, `orphans` that it does not list."""

    superseded: Sequence[ManifestFile]
    orphans: Sequence[StoredFile]

    @property
    def paths(self) -> list[str]:
        return [file.path for file in self.superseded] + [file.path for file in self.orphans]

    @property
    def byte_count(self) -> int:
        return sum(file.byte_count for file in self.superseded) + sum(
            file.byte_count for file in self.orphans
        )


def find_garbage(feature_store: FeatureStore, grace: timedelta = GRACE) -> Garbage:
    """Files that could be removed now. A file younger than `grace` is left to the writer or reader that may use it."""
    # Files first: one that is written in between is then known to the manifest, or too young.
    found = [file for file in feature_store.root.files() if file.path.startswith(f"{feature_store.folder}/")]
    known, old = feature_store.manifest.paths(), datetime.now(UTC) - grace
    orphans = [file for file in found if file.path not in known and file.modified_at < old]
    return Garbage(feature_store.manifest.removable(grace), orphans)


def remove_garbage(feature_store: FeatureStore, grace: timedelta = GRACE) -> Garbage:
    """Remove it, each month under its lock; pinned and current files always stay. What was found."""
    garbage = find_garbage(feature_store, grace)
    for table, month in sorted({(file.table_name, file.month) for file in garbage.superseded}):
        with feature_store.manifest.locked(table, month) as held:
            for path in held.forget_superseded(grace):
                feature_store.root.delete(path)
    for file in garbage.orphans:
        name = NAME.fullmatch(file.path)
        if name is None:  # the draft of a writer that was killed
            feature_store.root.delete(file.path)
            continue
        with feature_store.manifest.locked(
            name["table"], date(int(name["year"]), int(name["month"]), 1)
        ) as held:
            # Under the lock, because a writer may just have brought this very content back.
            if not held.names(file.path):
                feature_store.root.delete(file.path)
    return garbage
