"""The feature store as people read it: what is stored, what may go, and whether it is whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_core.errors import OkxSignalError
from okx_core.hours import HOUR
from okx_jobs.stack import services
from resources.config.settings import Settings
from resources.feature_store.garbage import find_garbage, remove_garbage
from resources.feature_store.manifest import ManifestFile
from resources.feature_store.months import following, start_of
from resources.feature_store.sql_window import BEGINNING, SqlWindow
from resources.feature_store.store import FeatureStore
from resources.stores import open_feature_store

SHOWN = 20


class StoreDamagedError(OkxSignalError):
    """`okxsignal store verify` has found something wrong."""


def show_store(settings: Settings, console: Console) -> None:
    """A line per table and month, then where the files lie and from when on SQL has the rows too."""
    with services.working_database(settings):
        print_store(open_feature_store(settings.database, settings.feature_store), console)


def print_store(feature_store: FeatureStore, console: Console) -> None:
    pinned, files = feature_store.manifest.pinned_by(), feature_store.manifest.every()
    files = [file for file in files if file.is_current or file.file_id in pinned]
    if not files:
        console.print(
            "store        nothing yet: run `okxsignal backfill --from 2026-01-01`, or `okxsignal demo`"
        )
        return
    table = Table("table", "month", "rows", "size", "newest bar", "hash", "code", "state", "pinned by")
    for file in files:
        table.add_row(
            file.table_name, f"{file.month:%Y-%m}", f"{file.row_count:,}", size(file.byte_count),
            f"{file.watermark:%Y-%m-%d %H:%M}", file.content_hash[:12], file.code_version,
            "current" if file.is_current else "old", versions(pinned.get(file.file_id, [])),
        )  # fmt: skip
    console.print(table)
    for name, mine in groupby((file for file in files if file.is_current), lambda file: file.table_name):
        _print_total(feature_store, console, name, list(mine))
    console.print(
        f"files: {feature_store.root.address(feature_store.folder)}", soft_wrap=True, highlight=False
    )


def _print_total(
    feature_store: FeatureStore, console: Console, name: str, files: Sequence[ManifestFile]
) -> None:
    rows, held = sum(file.row_count for file in files), SqlWindow(feature_store, name).starts_at()
    where = "all" if held == BEGINNING else "none" if held is None else f"from {held:%Y-%m-%d} on"
    total = size(sum(file.byte_count for file in files))
    console.print(f"{name:<22} {len(files):>4} months {rows:>12,} rows {total:>9}; in SQL: {where}")


def collect_garbage(settings: Settings, console: Console, *, dry_run: bool) -> None:
    """Remove what nobody needs, or only say what that is."""
    with services.working_database(settings):
        store = open_feature_store(settings.database, settings.feature_store)
        garbage = find_garbage(store) if dry_run else remove_garbage(store)
    names = garbage.paths
    for name in names[:SHOWN]:
        console.print(f"  {name}", highlight=False, soft_wrap=True)
    if len(names) > SHOWN:
        console.print(f"  and {len(names) - SHOWN} more")
    verb = "would remove" if dry_run else "removed"
    console.print(
        f"{verb} {len(garbage.superseded)} superseded and {len(garbage.orphans)} orphaned files, "
        f"{size(garbage.byte_count)}; pinned and current files stay"
    )
    if garbage.foreign:
        console.print(
            f"left alone: {len(garbage.foreign)} files that are not of the store, such as {garbage.foreign[0].path}",
            soft_wrap=True, highlight=False,
        )  # fmt: skip


def adopt_store(settings: Settings, console: Console) -> None:
    """Make the database of this home the owner of the files."""
    with services.working_database(settings):
        store = open_feature_store(settings.database, settings.feature_store)
        before = store.ownership.adopt()
        after = store.ownership.claim()
    if before is not None:
        console.print(
            f"owner until now: {before.owner}, since {before.renewed_at:%Y-%m-%d %H:%M} UTC", highlight=False
        )
    console.print(
        f"{after.owner if after else settings.home} owns {store.root.address(store.folder)} from now on; every other "
        "copy of this database may only read the files",
        soft_wrap=True, highlight=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Something wrong in one month."""

    table: str
    month: date
    words: str


def verify_store(settings: Settings, console: Console) -> None:
    """Hash every file again and compare SQL with the store; StoreDamagedError when something is wrong."""
    with services.working_database(settings):
        wrong = problems(open_feature_store(settings.database, settings.feature_store), console)
    for problem in wrong:
        console.print(f"[red]wrong[/red] {escape(problem.words)}", highlight=False, soft_wrap=True)
    if wrong:
        raise StoreDamagedError(
            f"{len(wrong)} of the things that were compared are wrong: make the months anew with "
            + " and ".join(
                f"`okxsignal backfill --again --from {month:%Y-%m-%d} --to {following(month):%Y-%m-%d}`"
                for month in sorted({problem.month for problem in wrong})
            )
        )
    console.print("every file is what was written, and SQL holds the same rows")


def problems(feature_store: FeatureStore, console: Console) -> list[Problem]:
    """A damaged file each, and each month in which SQL differs from a sound file."""
    pinned, damaged = feature_store.manifest.pinned_by(), []
    files = [file for file in feature_store.manifest.every() if file.is_current or file.file_id in pinned]
    with console.status("hashing") as status:
        for file in files:
            status.update(f"hashing {file.table_name} {file.month:%Y-%m}")
            if not feature_store.is_intact(file):
                damaged.append(file)
    address, words = feature_store.root.address, "missing or not what was written"
    found = [Problem(file.table_name, file.month, f"{address(file.path)}: {words}") for file in damaged]
    for name in sorted({file.table_name for file in files if file.is_current}):
        with console.status(f"comparing {name} with SQL"):
            current = [file for file in files if file.is_current and file.table_name == name]
            start, end = (
                start_of(min(file.month for file in current)),
                max(file.watermark for file in current) + HOUR,
            )
            unread = {file.month for file in damaged if file.is_current and file.table_name == name}
            found += [
                Problem(name, month, f"{name} {month:%Y-%m}: {words}")
                for month, words in SqlWindow(feature_store, name).unequal_months(start, end, unread)
            ]
    return found


def size(byte_count: int) -> str:
    """Bytes as people read them."""
    for unit, length in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if byte_count >= length:
            return f"{byte_count / length:.1f} {unit}"
    return f"{byte_count} B"


def versions(numbers: Sequence[int]) -> str:
    """Model versions, runs of them as a range: v1-3, v7."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"v{run[0]}" if len(run) == 1 else f"v{run[0]}-{run[-1]}" for run in runs)
