"""Plot of an evaluation: the cumulative rank IC of every variant."""

from pathlib import Path
from typing import TYPE_CHECKING

from okx_services.reports.figures import cumulative_figure
from okx_services.research.evaluation.evaluate import HORIZONS, Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cumulative_ic_figure(evaluation: Evaluation) -> "Figure":
    """Sum of the daily mean rank IC with the next 24 hours: the ensemble thicker, baselines dashed."""
    first = evaluation.predictions.panel.first_hour
    series = {name: (first, hourly) for name, hourly in evaluation.hourly_ic.items()}
    kinds = {row.name: row.kind for row in evaluation.rows}
    return cumulative_figure(
        series,
        "cumulative rank IC",
        f"Out-of-sample rank IC with the next {HORIZONS[0]} hours",
        bold=next((name for name in series if kinds[name] == "ensemble"), ""),
        dashed=[name for name in series if kinds[name] == "baseline"],
    )


def write_plot(evaluation: Evaluation, path: Path) -> None:
    """The plot as a file; its ending says which format (png, svg, pdf)."""
    cumulative_ic_figure(evaluation).savefig(path, dpi=110)
