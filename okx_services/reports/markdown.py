"""Values and tables as Markdown."""

import json
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd


def shown(value: Any, digits: int = 2) -> str:
    """The value as people read it; `unknown` for None and NaN."""
    if value is None or value is pd.NaT or (isinstance(value, (float, Decimal)) and math.isnan(value)):
        return "unknown"
    if isinstance(value, (float, Decimal)):
        return f"{value:,.{digits}f}"
    return json.dumps(value) if isinstance(value, (dict, list)) else str(value)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its first column left-aligned, the others right-aligned; empty without rows."""
    lines = [_line(row) for row in rows]
    return "\n".join([_line(head), _line(["---", *["---:"] * (len(head) - 1)]), *lines]) if lines else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def sql_block(statement: str) -> str:
    """A statement to copy into psql."""
    return f"```sql\n{statement};\n```"


def image(title: str, uri: str) -> str:
    """An inline image."""
    return f"![{title}]({uri})"
