"""Why pairs were not bought: rejections by pair, by gate and by day, and every gate of a pair's newest hour."""

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from okx_core.decisions.gates import PASS
from okx_core.errors import OkxSignalError
from okx_services.reports.markdown import shown
from okx_services.reports.signals import GATES
from resources.postgres.database import Database

PAIR_HEAD = (
    "pair",
    "hours",
    "tradable, % of hours",
    "most often rejected first by",
    "% of hours",
    "newest reason",
)
PREFIX = "gate_"


class UnknownPairError(OkxSignalError):
    """A pair that has no signals."""


def read_signals(database: Database, start: datetime, end: datetime) -> pd.DataFrame:
    """The gates of every signal of start <= open < end, by hour and pair."""
    return database.frame(
        f"select pair, timestamp_utc, predicted_excess_pct, tradable, {', '.join(GATES)} "  # noqa: S608
        "from trading.signals where timestamp_utc >= $1 and timestamp_utc < $2 order by timestamp_utc, pair",
        (start, end),
    )


def first_gates(signals: pd.DataFrame) -> "pd.Series[str]":
    """The gate that is the first to reject each signal, without its prefix; empty where none does."""
    rejected = signals[list(GATES)] != PASS
    first = rejected.idxmax(axis=1).astype(str).str.removeprefix(PREFIX)
    return first.where(rejected.any(axis=1), "")


def by_pair(signals: pd.DataFrame) -> list[list[str]]:
    """A line for each pair in the order of PAIR_HEAD, the most often tradable first."""
    gates = first_gates(signals)
    reasons = newest_reasons(signals, gates)
    rows = []
    for pair, group in signals.assign(gate=gates).groupby("pair"):
        name = str(pair)
        counts = group.loc[group["gate"] != "", "gate"].value_counts()
        gate = str(counts.index[0]) if len(counts) else "-"
        share = 100.0 * float(counts.iloc[0]) / len(group) if len(counts) else 0.0
        tradable = 100.0 * float(group["tradable"].mean())
        rows.append(
            (
                tradable,
                [name, f"{len(group):,}", shown(tradable, 1), gate, shown(share, 1), reasons[name]],
            )
        )
    return [cells for _, cells in sorted(rows, key=lambda row: (-row[0], row[1][0]))]


def newest_reasons(signals: pd.DataFrame, gates: "pd.Series[str]") -> dict[str, str]:
    """The first rejection reason of each pair in its newest hour; "tradable" where there is none."""
    newest = signals.assign(gate=gates).sort_values("timestamp_utc").groupby("pair").tail(1)
    rows = newest.to_dict("records")
    return {row["pair"]: str(row[f"{PREFIX}{row['gate']}"]) if row["gate"] else "tradable" for row in rows}


def by_day(signals: pd.DataFrame) -> tuple[tuple[str, ...], list[list[str]]]:
    """Head and lines: signals of each day, how many were tradable, and how many each gate was the first to reject."""
    gates = first_gates(signals)
    days = signals["timestamp_utc"].dt.strftime("%Y-%m-%d").rename("day")
    counts = pd.crosstab(days, gates)
    named = [gate.removeprefix(PREFIX) for gate in GATES if gate.removeprefix(PREFIX) in counts.columns]
    totals = counts.sum(axis=1)
    passed = counts[""] if "" in counts.columns else totals * 0
    lines = [
        [str(day), f"{totals[day]:,}", f"{passed[day]:,}", *(f"{counts.loc[day, gate]:,}" for gate in named)]
        for day in counts.index
    ]
    return ("day", "signals", "tradable", *named), lines


def of_pair(signals: pd.DataFrame, pair: str) -> tuple[datetime, list[list[str]]]:
    """The newest hour of a pair, and a line for each gate: its result, and in how many hours it rejected.

    Raises UnknownPairError for a pair without signals.
    """
    own = signals[signals["pair"] == pair]
    if own.empty:
        known = ", ".join(sorted(signals["pair"].unique())) or "none"
        raise UnknownPairError(f"{pair} has no signals in these hours; pairs that have: {known}")
    newest = own.sort_values("timestamp_utc").to_dict("records")[-1]
    lines = [
        [gate.removeprefix(PREFIX), str(newest[gate]), f"{int((own[gate] != PASS).sum()):,} of {len(own):,}"]
        for gate in GATES
    ]
    moment: datetime = newest["timestamp_utc"].to_pydatetime()
    return moment, lines


def shares(signals: pd.DataFrame) -> Sequence[tuple[str, int]]:
    """How many signals each gate rejects, the first or not, most first."""
    counts = {gate.removeprefix(PREFIX): int((signals[gate] != PASS).sum()) for gate in GATES}
    return sorted(((gate, count) for gate, count in counts.items() if count), key=lambda one: -one[1])
