"""Garbage of the store: superseded files that no model has pinned, and unlisted files of ours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from resources.feature_store.claim import CLAIM_FILE
from resources.feature_store.manifest import GRACE, ManifestFile
from resources.feature_store.root import DRAFT, StoredFile
from resources.feature_store.store import FeatureStore

MONTH = r"(?P<year>\d{4})-(?P<month>\d{2})-[0-9a-f]{16}"
# A file, or the draft of a writer that was killed; both say which month's lock their writer held.
NAME = re.compile(
    rf"[^/]+/(?P<table>[^/]+)/(?:{MONTH}\.parquet|{re.escape(DRAFT)}{MONTH.replace('?P<', '?P<draft_')}-[0-9a-f]+)"
)
# Drafts of earlier versions, and of a claim, do not: only their age says that nobody writes them any more.
OTHER_DRAFT = re.compile(rf"[^/]+/(?:[^/]+/)?{re.escape(DRAFT)}[0-9a-z.-]+")
AGE_OF_OTHER_DRAFTS = timedelta(days=7)  # more than a host's clock can be wrong


@dataclass(frozen=True)
class Garbage:
    """Files that may go: `superseded` ones the manifest still lists, `orphans` that it does not list.

    `foreign` files are not of the store; they stay.
    """

    superseded: Sequence[ManifestFile]
    orphans: Sequence[StoredFile]
    foreign: Sequence[StoredFile] = ()

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
    known, now = feature_store.manifest.paths(), datetime.now(UTC)
    orphans, foreign = [], []
    for file in found:
        if file.path in known or file.path == f"{feature_store.folder}/{CLAIM_FILE}":
            continue
        if NAME.fullmatch(file.path):
            orphans += [file] if file.modified_at < now - grace else []
        elif OTHER_DRAFT.fullmatch(file.path):
            orphans += [file] if file.modified_at < now - AGE_OF_OTHER_DRAFTS else []
        else:
            foreign.append(file)
    return Garbage(feature_store.manifest.removable(grace), orphans, foreign)


def remove_garbage(feature_store: FeatureStore, grace: timedelta = GRACE) -> Garbage:
    """Remove it, each month under its lock; pinned, current and foreign files always stay. What was found.

    Raises NotOwnerError when the files belong to another database.
    """
    feature_store.ownership.require()
    garbage = find_garbage(feature_store, grace)
    if garbage.paths:
        feature_store.ownership.renew()
    for table, month in sorted({(file.table_name, file.month) for file in garbage.superseded}):
        with feature_store.manifest.locked(table, month) as held:
            feature_store.ownership.require(held.owner_tokens())
            for path in held.forget_superseded(grace):
                feature_store.root.delete(path)
    for file in garbage.orphans:
        _remove_orphan(feature_store, file)
    return garbage


def _remove_orphan(feature_store: FeatureStore, file: StoredFile) -> None:
    """Under the lock of its month: a writer may just be writing it, or have brought this very content back."""
    name = NAME.fullmatch(file.path)
    if name is None:
        feature_store.root.delete(file.path)
        return
    year, month = (name[part] or name[f"draft_{part}"] for part in ("year", "month"))
    with feature_store.manifest.locked(name["table"], date(int(year), int(month), 1)) as held:
        feature_store.ownership.require(held.owner_tokens())
        if not held.names(file.path):
            feature_store.root.delete(file.path)
