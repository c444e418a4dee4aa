"""Plot of an evaluation: the cumulative rank IC of every variant."""

from pathlib import Path
from typing import TYPE_CHECKING

from okx_services.reports.figures import cumulative_days
from okx_services.research.evaluation.evaluate import HORIZONS, Evaluation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cumulative_ic_figure(evaluation: Evaluation) -> "Figure":
    """Sum of the daily mean rank IC with the next 24 hours, members drawn through, baselines dashed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    axes = figure.subplots()
    panel = evaluation.predictions.panel
    kinds = {row.name: row.kind for row in evaluation.rows}
    for name, hourly in evaluation.hourly_ic.items():
        days, total = cumulative_days(panel.first_hour, hourly)
        style = "--" if kinds[name] == "baseline" else "-"
        width = 2.0 if kinds[name] == "ensemble" else 1.0
        axes.plot(days, total, style, linewidth=width, label=name)
    axes.axhline(0.0, color="0.6", linewidth=0.8)
    axes.set(ylabel="cumulative rank IC", title=f"Out-of-sample rank IC with the next {HORIZONS[0]} hours")
    axes.legend(fontsize=7)
    return figure


def write_plot(evaluation: Evaluation, path: Path) -> None:
    """The plot as a file; its ending says which format (png, svg, pdf)."""
    cumulative_ic_figure(evaluation).savefig(path, dpi=110)
