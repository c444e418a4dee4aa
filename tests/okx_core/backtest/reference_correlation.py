"""How alike two pairs have moved, as plain Python with Decimal numbers."""

from decimal import Decimal
from typing import Any

FEWEST = 3


def correlation(bars: list[dict[str, Any]], hour: int, hours: int, one: str, other: str) -> Decimal | None:
    """Of the returns of the `hours` that end at `hour`; None where too few are known or one does not move."""
    both = []
    for at in range(hour - hours + 1, hour + 1):
        rows = [bars[at][pair] if at >= 0 else None for pair in (one, other)]
        before = [bars[at - 1][pair] if at >= 1 else None for pair in (one, other)]
        if all(row is not None for row in (*rows, *before)):
            both.append([row["close"] / old["close"] - 1 for row, old in zip(rows, before, strict=True)])
    if len(both) < max(FEWEST, Decimal(hours) / 2):
        return None
    columns = []
    for place in (0, 1):
        mean = sum((row[place] for row in both), Decimal(0)) / len(both)
        columns.append([row[place] - mean for row in both])
    x, y = columns
    spread = sum((a * a for a in x), Decimal(0)) * sum((b * b for b in y), Decimal(0))
    if spread == 0:
        return None
    return sum((a * b for a, b in zip(x, y, strict=True)), Decimal(0)) / spread.sqrt()
