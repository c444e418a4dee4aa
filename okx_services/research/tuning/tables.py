"""Tables of a search over parameters, for every page that shows one."""

from typing import TYPE_CHECKING

import pandas as pd

from okx_core.backtest.metrics import curve as of
from okx_core.strategies.strategy import StrategySpec
from okx_services.reports.figures import equity_figure
from okx_services.reports.markdown import shown
from okx_services.research.tuning.plateau import plateau_figure
from okx_services.research.tuning.scoring import daily_sharpe
from okx_services.research.tuning.tune import Tuned

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE_HEAD = ("on the test hours, after costs", "chosen by the folds", "defaults")
INSTEAD_HEAD = ("instead", "return %", "Sharpe", "max drawdown %")
CHOICE_HEAD = (
    "tested from",
    "to",
    "chosen on what came before",
    "tried",
    "Sharpe before",
    "Sharpe then",
    "return % then",
)
NEIGHBOUR_HEAD = ("parameter", "value", "Sharpe, whole window")
FIGURES = {
    "total return, %": "total_return_pct", "max drawdown, %": "max_drawdown_pct", "trades": "trades",
    "win rate, %": "win_rate_pct", "turnover, x capital": "turnover", "costs, % of gross profit": "cost_share_pct",
}  # fmt: skip


def figure_rows(found: Tuned) -> list[list[str]]:
    """The cells of FIGURE_HEAD; Sharpe ratios with the interval that holds them in nine of ten redrawn histories."""
    sides = (found.recommendation.tuned, found.recommendation.default)
    rows = [[words, *(shown(side.scores[name]) for side in sides)] for words, name in FIGURES.items()]
    rows.insert(1, ["Sharpe (9 of 10 redrawn histories)", *(side.sharpe_words for side in sides)])
    deflated = f"{shown(found.recommendation.deflated_sharpe)} after {found.recommendation.tried} trials"
    return [*rows, ["deflated Sharpe ratio", deflated, ""]]


def instead_rows(found: Tuned) -> list[list[str]]:
    """The cells of INSTEAD_HEAD: what was chosen, the defaults, and what could have been had instead."""
    return [
        [name, shown(of.total_return_pct(curve)), shown(of.sharpe(curve)), shown(of.max_drawdown_pct(curve))]
        for name, curve in found.curves.items()
    ]


def choice_rows(found: Tuned) -> list[list[str]]:
    """The cells of CHOICE_HEAD: what each fold chose, and what became of it."""
    curve, first = found.curves["chosen by the folds"], found.search.choices[0].fold.test_start
    rows = []
    for choice in found.search.choices:
        start, stop = choice.fold
        part = curve[start - first : stop - first + 1]
        rows.append(
            [
                f"{found.trader.moment(start):%Y-%m-%d}", f"{found.trader.moment(stop):%Y-%m-%d}",
                _values(found, choice.chosen.spec), str(choice.tried), shown(choice.chosen.score),
                shown(daily_sharpe(part)), shown(of.total_return_pct(part)),
            ]
        )  # fmt: skip
    return rows


def neighbour_rows(found: Tuned) -> list[list[str]]:
    """The cells of NEIGHBOUR_HEAD: the best variant, and the same with one parameter changed a little."""
    variation = found.trader.variation
    rows = [["the best", "", shown(found.search.best.score)]]
    for name, one in found.search.neighbours:
        rows.append([name, str(variation.value_of(one.spec, name)), shown(one.score)])
    return rows


def variant_frame(found: Tuned) -> pd.DataFrame:
    """Every variant, the best first: its version, its values, and its score on the whole window."""
    variation = found.trader.variation
    rows = [
        {"version": one.spec.version, **variation.values_of(one.spec), "sharpe": one.score}
        for one in [*found.search.scored, *(held for _, held in found.search.neighbours)]
    ]
    frame = pd.DataFrame(rows).drop_duplicates("version")
    return frame.sort_values("sharpe", ascending=False, kind="stable", ignore_index=True)


def figures_of(found: Tuned) -> "dict[str, Figure]":
    """Equity of the test hours beside the defaults and the benchmarks, and the score over each parameter."""
    traded, others = found.recommendation.tuned.traded, dict(found.curves)
    others.pop("chosen by the folds")
    label = f"{found.strategy}, parameters chosen by the folds"
    return {
        "equity": equity_figure(traded.equity, traded.opening_equity_quote, others, label),
        "plateau": plateau_figure(found.trader.variation, found.search.scored, found.recommendation.plateau),
    }


def _values(found: Tuned, spec: StrategySpec) -> str:
    values = found.trader.variation.values_of(spec)
    return ", ".join(f"{name}={'none' if value is None else value}" for name, value in values.items())
