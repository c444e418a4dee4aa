"""Queries by name: every statement that joins or is longer than three lines is a file of dbt_like_sql/queries.

Each file begins with a header: `description`, `parameters`, and `staged` when it reads a temporary table. A test
explains each file against the migrated schema.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from okx_core.errors import OkxSignalError
from resources.config.settings import PROJECT

QUERY_FILES = PROJECT / "dbt_like_sql" / "queries"
TABLE_NAME = re.compile(r"[a-z_]+\.[a-z_0-9]+")


class QueryError(OkxSignalError):
    """There is no such query, or it cannot be read for that table."""


@cache
def query(name: str, files: Path = QUERY_FILES) -> str:
    """The statement of queries/<name>.sql without its header."""
    path = files / f"{name}.sql"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in files.glob("*.sql")))
        raise QueryError(f"there is no query {name!r} in {files}; there are {known}")
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def query_on(name: str, tables: Mapping[str, str]) -> str:
    """The statement of `name` with each table of `tables` in place of the one that its file names."""
    text = query(name)
    for written, wanted in tables.items():
        if not TABLE_NAME.fullmatch(wanted):
            raise QueryError(f"{wanted!r} is no table name: write schema.table")
        text = re.sub(rf"\b{re.escape(written)}\b", wanted, text)
    return text
