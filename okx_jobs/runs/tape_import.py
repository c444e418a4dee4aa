"""`okxsignal import`: candle files of other programs become a tape for `okxsignal demo --tape`."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_core.errors import OkxSignalError
from okx_core.hours import MIN_STRETCH
from okx_core.models.panel import MIN_MODELLED_PAIRS
from okx_services.ingest.tape_import import ImportReport, as_parquet, coverage, imported

SHOWN = 40


def import_files(paths: Sequence[Path], target: Path, console: Console) -> None:
    """Write the tape and say what it holds and what was changed; an existing file is never overwritten."""
    if target.exists():
        raise OkxSignalError(f"{target} is there already: remove it, or name another file with --out")
    tape, report = imported(paths)
    as_parquet(tape, target)
    table = Table(
        "pair", "first hour", "last hour", "hours", "missing", title=escape(str(target)), title_justify="left"
    )
    long = 0
    for pair, first, last, hours, missing in coverage(tape):
        long += last - first >= MIN_STRETCH
        table.add_row(pair, f"{first:%Y-%m-%d %H:%M}", f"{last:%Y-%m-%d %H:%M}", f"{hours:,}", f"{missing:,}")
    console.print(table)
    for line in lines(report):
        console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    following = f"Next: okxsignal demo --tape {shlex.quote(str(target))}"
    if long < MIN_MODELLED_PAIRS:
        following = (
            f"A demo needs {MIN_MODELLED_PAIRS} pairs of at least {MIN_STRETCH.days} days, this tape has {long}: "
            "import more files into one tape"
        )
    console.print(f"\n{following}", highlight=False, soft_wrap=True)


def lines(report: ImportReport) -> list[str]:
    """Everything that was changed, left out or rejected; equal changes of many files on one line."""
    by_words: dict[str, list[str]] = {}
    for name, changes in report.changes.items():
        for words in dict.fromkeys(changes):
            by_words.setdefault(words, []).append(name)
    changed = [f"{words}: {_files(names)}" for words, names in by_words.items()]
    left_out = [f"left out {name}: {why}" for name, why in report.left_out.items()]
    rejected = [f"rejected {count:,} rows: {reason}" for reason, count in report.rejected.items()]
    every = [*changed, *left_out, *rejected]
    return [*every[:SHOWN], *([f"and {len(every) - SHOWN} more"] if len(every) > SHOWN else [])]


def _files(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} files"
