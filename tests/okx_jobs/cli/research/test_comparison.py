"""`okxsignal models --compare` says who is in charge, whether a switch is warranted, and what has drifted."""

from datetime import date
from io import StringIO

from rich.console import Console

from okx_jobs.cli.research.comparison import NO_CHALLENGER, NO_DRIFT, print_comparison
from okx_services.reports.lifecycle import excess_figure, psi_figure

COMPARED = {
    "challenger": "a_daily+b_daily", "hours": 4200, "champion_bp": 3.1, "challenger_bp": 4.0, "difference_bp": 0.9,
    "t": 1.2, "probability": 0.88, "is_warranted": False, "conclusion": "a_daily+b_daily: A switch is not warranted.",
}  # fmt: skip
DRIFTED = {
    "day": date(2026, 8, 9), "model": "a", "model_version": 3, "mean_psi": 0.31, "max_psi": 0.12, "recent_ic": 0.01,
    "earlier_ic": 0.05, "lowest_ic": None, "drifted": True, "reason": "mean PSI of its features 0.310 > 0.120",
}  # fmt: skip


def printed(compared: list, drift: list) -> str:
    text = StringIO()
    print_comparison("a+b", compared, drift, Console(file=text, width=200))
    return text.getvalue()


def test_figures_conclusions_and_drift_are_printed() -> None:
    text = printed([COMPARED], [DRIFTED])
    for words in (
        "In charge: a+b",
        "4,200",
        "0.9",
        "88 %",
        COMPARED["conclusion"],
        "v3",
        "0.310",
        "unknown",
        "YES",
    ):
        assert words in text
    assert DRIFTED["reason"] in text


def test_without_challengers_and_checks_it_says_what_makes_them() -> None:
    text = printed([], [])
    assert NO_CHALLENGER in text
    assert NO_DRIFT in text


def test_the_plots_show_a_line_for_each_model_and_a_bar_for_each_feature() -> None:
    import numpy as np

    figure = excess_figure({"a+b": (438_288, np.full(100, 0.1)), "c": (438_300, np.zeros(90))}, "a+b")
    assert [line.get_label() for line in figure.axes[0].lines][:2] == ["a+b", "c"]
    assert len(psi_figure({"a": {"rsi": 0.3, "atr": 0.1}}).axes[0].patches) == 2
