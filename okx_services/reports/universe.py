"""The universe of a window: how many pairs may be traded, and why the others may not."""

from collections.abc import Mapping, Sequence
from typing import Any

from okx_services.reports.markdown import shown, table

SHOWN_PAIRS = 30
HEAD = ("pair", "enabled", "why not", "turnover of the day before", "spread bps")
Rows = Sequence[Mapping[str, Any]]


def universe_facts(rows: Rows) -> dict[str, object]:
    """Days and pairs of the window, and how many pairs of its newest day may be traded."""
    days = [row["day"] for row in rows]
    if not days:
        return {"days": 0}
    return {
        "first_day": str(min(days)),
        "last_day": str(max(days)),
        "days": len(set(days)),
        "pairs": len({row["pair"] for row in rows}),
        "enabled": sum(bool(row["enabled"]) for row in rows),
        "enabled_on_newest_day": sum(bool(row["enabled"]) for row in _newest(rows)),
    }


def universe_table(rows: Rows) -> str:
    """The pairs of the newest day with the largest turnover."""
    newest = sorted(_newest(rows), key=lambda row: -(row["turnover_24h_quote"] or 0.0))
    return table(HEAD, [
        [row["pair"], "yes" if row["enabled"] else "no", row["reason"], shown(row["turnover_24h_quote"], 0),
         shown(row["spread_bps"], 1)]
        for row in newest[:SHOWN_PAIRS]
    ])  # fmt: skip


def _newest(rows: Rows) -> Rows:
    last = max((row["day"] for row in rows), default=None)
    return [row for row in rows if row["day"] == last]
