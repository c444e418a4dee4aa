"""Drift and challengers in tables and plots."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from okx_services.reports.figures import cumulative_figure
from okx_services.reports.markdown import shown, table
from resources.postgres.database import Database

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRIFT_HEAD = ("model", "version", "mean PSI", "bound", "IC of 8 weeks", "before", "band from", "drifted")
COMPARISON_HEAD = (
    "challenger",
    "hours",
    "champion",
    "challenger bp a day",
    "difference",
    "t",
    "P(better)",
    "switch",
)


def drift_cells(row: Mapping[str, Any]) -> list[str]:
    """One line of the table of drift, a row of ml.drift."""
    version = "-" if row["model_version"] is None else f"v{row['model_version']}"
    numbers = [
        shown(row[name], 3) for name in ("mean_psi", "max_psi", "recent_ic", "earlier_ic", "lowest_ic")
    ]
    return [row["model"], version, *numbers, "YES" if row["drifted"] else "no"]


def newest_drift(database: Database) -> list[dict[str, Any]]:
    """The rows of the newest day."""
    return database.rows("select * from ml.drift where day = (select max(day) from ml.drift) order by model")


def newest_comparison(database: Database) -> list[dict[str, Any]]:
    """The rows of the newest week."""
    return database.rows(
        "select * from ml.model_comparison where week = (select max(week) from ml.model_comparison) order by challenger"
    )


def comparison_cells(row: Mapping[str, Any]) -> list[str]:
    """One line of the table of comparisons, a row of ml.model_comparison."""
    numbers = [shown(row[name], 1) for name in ("champion_bp", "challenger_bp", "difference_bp", "t")]
    probability = "unknown" if row["probability"] is None else f"{100 * row['probability']:.0f} %"
    return [
        row["challenger"], f"{row['hours']:,}", *numbers, probability, "warranted" if row["is_warranted"] else "no",
    ]  # fmt: skip


def drift_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """As Markdown, with what has drifted in words."""
    reasons = "".join(f"\n- {row['model']}: {row['reason']}" for row in rows if row["reason"])
    return table(DRIFT_HEAD, [drift_cells(row) for row in rows]) + ("\n" + reasons if reasons else "")


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """As Markdown, with the conclusions."""
    words = "".join(f"\n- {row['conclusion']}" for row in rows)
    return table(COMPARISON_HEAD, [comparison_cells(row) for row in rows]) + ("\n" + words if words else "")


def excess_figure(series: Mapping[str, tuple[int, NDArray[np.float64]]], champion: str) -> "Figure":
    """Hourly excess [hours] in percent, NaN where unknown, summed; by name with the first hour since 1970."""
    title = "Best pairs after costs, out of sample, summed"
    return cumulative_figure(series, "excess over equal weight, %", title, bold=champion)


def psi_figure(worst: Mapping[str, Mapping[str, float]]) -> "Figure":
    """Population stability index of the features that moved most, by member."""
    from matplotlib.figure import Figure

    names = [f"{feature} ({member})" for member, features in worst.items() for feature in features][::-1]
    values = [value for features in worst.values() for value in features.values()][::-1]
    figure = Figure(figsize=(9.0, 1.2 + 0.25 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.barh(names, values)
    axes.axvline(0.25, color="0.4", linewidth=0.8, linestyle="--")
    axes.set(xlabel="population stability index, newest four weeks against the training rows")
    axes.tick_params(axis="y", labelsize=7)
    return figure
