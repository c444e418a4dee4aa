"""Facts about the rows of a window: how many, of which pairs, from when to when, how many NULLs."""

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from okx_services.reports.markdown import shown, table

KEY = ("pair", "timestamp_utc")
SHOWN_COLUMNS = 10


@dataclass
class WindowFacts:
    """What the frames of one window have held so far; each has pair, timestamp_utc and further columns."""

    rows: int = 0
    pairs: set[str] = field(default_factory=set)
    first: Any = None
    last: Any = None
    nulls: "pd.Series[int]" = field(default_factory=lambda: pd.Series(dtype="int64"))

    def add(self, frame: pd.DataFrame) -> None:
        """Count one more part of the window."""
        if not len(frame):
            return
        times = frame["timestamp_utc"]
        self.rows += len(frame)
        self.pairs |= set(frame["pair"].unique())
        self.first = times.min() if self.first is None else min(self.first, times.min())
        self.last = times.max() if self.last is None else max(self.last, times.max())
        missing = frame.drop(columns=list(KEY)).isna().sum()
        self.nulls = self.nulls.add(missing, fill_value=0)

    def facts(self) -> dict[str, object]:
        """First and last bar, pairs, and the share of NULLs; nothing of an empty window."""
        if not self.rows:
            return {}
        share = float(self.nulls.sum()) / (self.rows * max(len(self.nulls), 1))
        return {
            "first_bar": f"{self.first:%Y-%m-%d %H:%M}",
            "last_bar": f"{self.last:%Y-%m-%d %H:%M}",
            "pairs": len(self.pairs),
            "null_pct": 100.0 * share,
        }

    def null_table(self) -> str:
        """The columns with most NULLs, empty when there is none."""
        most = self.nulls[self.nulls > 0].sort_values(ascending=False).head(SHOWN_COLUMNS)
        rows = [[str(name), f"{shown(100.0 * count / self.rows, 1)} %"] for name, count in most.items()]
        return table(("column", "NULL"), rows)
