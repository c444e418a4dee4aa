"""The account file on disk: one folder per account, held by one process, upgraded when it is opened."""

import fcntl
import sqlite3
from dataclasses import MISSING, fields
from importlib.resources import files
from pathlib import Path
from typing import IO

from okx_core.errors import OkxSignalError
from okx_simulator.ledger.rows import BillRow, FillRow, OrderRow

# Columns that the first account files had not got; an old file gets them when it is opened.
FIRST_ADDED = (
    ("orders", "rests_from_ms", "integer not null default 0"),
    ("fills", "liquidity", "text not null default 'T'"),
)


def _younger(table: str, row: type) -> list[tuple[str, str, str]]:
    """Columns with a default are younger than the first files; they were added in the order of the row."""
    found = []
    for column in fields(row):
        if column.default is not MISSING:
            kind = "integer" if isinstance(column.default, int) else "text"
            found.append((table, column.name, f"{kind} not null default '{column.default}'"))
    return found


def open_account(home: Path | None) -> sqlite3.Connection:
    """A connection to the account file of `home`, or to an account in memory."""
    place = ":memory:" if home is None else str(home / "ledger.sqlite3")
    connection = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.executescript(files("okx_simulator.ledger").joinpath("ledger_schema.sql").read_text())
    younger = (
        *FIRST_ADDED,
        *_younger("orders", OrderRow),
        *_younger("fills", FillRow),
        *_younger("balance_changes", BillRow),
    )
    for table, column, definition in younger:
        present = [row[1] for row in connection.execute(f"pragma table_info({table})")]
        if column not in present:
            connection.execute(f"alter table {table} add column {column} {definition}")
    return connection


def hold(home: Path) -> IO[str]:
    """Lock the home folder for this process; the lock goes when the process does."""
    home.mkdir(parents=True, exist_ok=True)
    lock_file = (home / "lock").open("w")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock_file.close()
        raise OkxSignalError(
            f"simulator home {home} is in use by another simulator; stop that one or choose another --home"
        ) from error
    return lock_file
