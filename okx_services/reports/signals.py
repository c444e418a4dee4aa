"""The signals of an hour as a table, and how many each gate rejects."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from okx_core.decisions.gates import PASS
from okx_services.reports.markdown import shown, table

GATES = tuple(
    f"gate_{name}"
    for name in (
        "model",
        "outside",
        "distance",
        "universe",
        "market",
        "probability",
        "fee",
        "slippage",
        "liquidity",
    )
)
SHOWN_ROWS = 12
HEAD = (
    "pair",
    "expected excess %",
    "P(excess > 0)",
    "outside",
    "distance",
    "tradable",
    "first rejection reason",
    "model",
)
SQL = "select * from trading.signals\nwhere timestamp_utc = (select max(timestamp_utc) from trading.signals)\norder by predicted_excess_pct desc nulls last"  # noqa: E501


def first_rejection(row: Mapping[str, Any]) -> str:
    """The reason of the first gate that rejects the signal, empty when it is tradable."""
    return next((row[gate] for gate in GATES if row[gate] != PASS), "")


def version_words(version: Any) -> str:
    """The version of a signal; a dash without one."""
    return "-" if pd.isna(version) else f"v{int(version)}"


def signal_cells(row: Mapping[str, Any]) -> list[str]:
    """One line of the table of signals, in the order of HEAD."""
    return [
        row["pair"], shown(row["predicted_excess_pct"], 3), shown(row["excess_probability"], 2),
        shown(row["outside_share"], 3), shown(row["training_distance"], 2), str(row["tradable"]),
        first_rejection(row), version_words(row["model_version"]),
    ]  # fmt: skip


def newest_hour(signals: pd.DataFrame) -> pd.DataFrame:
    """The signals of the newest hour, the highest prediction first."""
    newest: pd.DataFrame = signals[signals["timestamp_utc"] == signals["timestamp_utc"].max()]
    return newest.sort_values("predicted_excess_pct", ascending=False, na_position="last")


def signal_table(signals: pd.DataFrame) -> str:
    """The SHOWN_ROWS best signals of the newest hour."""
    rows = newest_hour(signals).head(SHOWN_ROWS).to_dict("records")
    return table(HEAD, [signal_cells({str(name): value for name, value in row.items()}) for row in rows])


def rejections(signals: pd.DataFrame) -> dict[str, int]:
    """How many signals each gate is the first to reject; gates that reject none are left out."""
    rejected = signals[list(GATES)] != PASS
    first = rejected.idxmax(axis=1)[rejected.any(axis=1)]
    counts = first.value_counts()
    return {gate: int(counts[gate]) for gate in GATES if gate in counts}


def rejection_table(signals: pd.DataFrame) -> str:
    """Signals per gate that is the first to reject them, with one of its reasons."""
    rows = []
    for gate, count in rejections(signals).items():
        example = signals.loc[signals[gate] != PASS, gate].iloc[-1]
        rows.append([gate.removeprefix("gate_"), f"{count:,}", str(example)])
    return table(("gate", "signals it rejects first", "for instance"), rows)


def book_words(signals: pd.DataFrame) -> str:
    """How many signals rest on a book that was seen, and on one that was assumed."""
    counts = signals["book_source"].value_counts()
    return ", ".join(f"{count:,} by {source}" for source, count in counts.items()) or "no signals"
