"""Logs that do not grow for ever: a large one is copied beside itself and emptied.

The programs go on writing to the same open file. They append, so that they begin at its start again.
"""

import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

MAX_BYTES = 10_000_000
KEPT = 2  # older parts of each log
ROTATE_EVERY_SECONDS = 60.0
MARK = "=== okxsignal starts "


def rotate(log: Path, max_bytes: int = MAX_BYTES) -> bool:
    """Empty `log` when it is larger, keeping it as <name>.1 and the older parts as <name>.2; True when it was."""
    if not log.is_file() or log.stat().st_size <= max_bytes:
        return False
    for number in range(KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number + 1}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)
    return True


def rotate_all(folders: Iterable[Path], max_bytes: int = MAX_BYTES) -> None:
    """Every log of the folders."""
    for folder in folders:
        for log in folder.glob("*.log"):
            rotate(log, max_bytes)


def begin(log: IO[bytes], name: str) -> None:
    """Mark in a log that a program starts now: what came before is of earlier attempts."""
    log.write(f"{MARK}{name} {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC\n".encode())
    log.flush()


def since_begin(log: Path, lines: int = 4) -> str:
    """The last lines of this attempt on one line; those of earlier ones are left out."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    mine = text[text.rfind(MARK) :].splitlines()[1:] if MARK in text else text.splitlines()
    return " | ".join(mine[-lines:]) or "it has printed nothing"
