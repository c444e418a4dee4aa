"""Tables, figures and sentences of a strategy's backtest, for every page that shows one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from okx_core.backtest.metrics import curve as of
from okx_core.backtest.metrics.closed_trades import grouped
from okx_core.backtest.metrics.summary import equity_curve
from okx_services.reports.figures import equity_figure, pair_pnl_figure
from okx_services.reports.markdown import shown, table
from okx_services.research.strategies.backtest import PROTECTION, StrategyRun
from okx_services.research.strategies.sensitivity import Spread, WhatIf

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = {
    "total return": ("total_return_pct", "%"), "a year": ("cagr_pct", "%"), "volatility": ("volatility_pct", "%"),
    "Sharpe": ("sharpe", ""), "Sortino": ("sortino", ""), "Calmar": ("calmar", ""), "Omega": ("omega", ""),
    "max drawdown": ("max_drawdown_pct", "%"), "longest drawdown": ("longest_drawdown_days", "days"),
    "value at risk, 95 % of days": ("value_at_risk_pct", "%"),
    "expected shortfall": ("expected_shortfall_pct", "%"),
    "value at risk, normal returns": ("parametric_value_at_risk_pct", "%"),
    "expected shortfall, normal returns": ("parametric_expected_shortfall_pct", "%"), "tail ratio": ("tail_ratio", ""),
    "trades": ("trades", ""), "win rate": ("win_rate_pct", "%"), "profit factor": ("profit_factor", ""),
    "payoff": ("payoff_ratio", ""), "expectancy": ("expectancy_quote", "quote"), "SQN": ("system_quality", ""),
    "exposure": ("exposure_pct", "%"), "turnover": ("turnover", "x capital"),
    "costs": ("cost_share_pct", "% of gross profit"),
}  # fmt: skip
FIGURE_HEAD = ("figure", "value", "unit", "9 of 10 redrawn histories")
BENCHMARK_HEAD = ("instead", "return %", "Sharpe", "max drawdown %")
REASON_HEAD = ("closed by", "trades", "win rate %", "profit", "costs")
PAIR_HEAD = ("pair", "trades", "win rate %", "profit", "costs", "mean return %")
WHAT_IF_HEAD = ("what if", "return %", "9 of 10", "Sharpe", "max drawdown %", "9 of 10")
REGIME_HEAD = ("market, as known before the hour", "hours %", "return %", "Sharpe", "market return %")
REGIME_WORDS = (
    "The market is BTC, or all pairs alike where it is not traded. Its trend is the sign of its return of 28 days; its "
    "volatility is high when that of 7 days is above its median of 180 days. Both are known at the close before the "
    "hour that they are counted in. A strategy that earns in one regime alone is a bet on that regime."
)
COST_HEAD = ("cost", "quote", "bp of what was traded")


def figure_rows(found: StrategyRun) -> list[list[str]]:
    """The cells of FIGURE_HEAD."""
    scores, bounds = found.scores, found.intervals
    rows = []
    for words, (name, unit) in FIGURES.items():
        held = bounds.get(name)
        interval = "" if held is None else f"{shown(held.low)} to {shown(held.high)}"
        rows.append([words, shown(scores[name], 0 if name == "trades" else 2), unit, interval])
    return rows


def luck_words(deflated: float, tried: int) -> str:
    """The deflated Sharpe ratio and the number of trials behind it."""
    if np.isnan(deflated):
        return f"deflated Sharpe ratio unknown; {tried} versions of strategies tried in this home"
    return (
        f"deflated Sharpe ratio {deflated:.2f}: so likely is it more than the luck of the best of the {tried} versions "
        "of strategies tried in this home"
    )


def figure_table(found: StrategyRun, deflated: float, tried: int) -> str:
    """Every figure as Markdown, with how much of it may be luck."""
    return f"{table(FIGURE_HEAD, figure_rows(found))}\n\n{luck_words(deflated, tried)}"


def benchmark_rows(found: StrategyRun) -> list[list[str]]:
    """The cells of BENCHMARK_HEAD, ours first."""
    ours = equity_curve(found.fold.equity, found.capital_quote)
    curves = {f"{found.spec.name}, after costs": ours, **found.benchmarks}
    return [
        [name, shown(of.total_return_pct(held)), shown(of.sharpe(held)), shown(of.max_drawdown_pct(held))]
        for name, held in curves.items()
    ]


def benchmark_table(found: StrategyRun) -> str:
    """What could have been had instead, as Markdown."""
    return table(BENCHMARK_HEAD, benchmark_rows(found))


def reason_rows(found: StrategyRun) -> list[list[str]]:
    """The cells of REASON_HEAD, by what closed the position."""
    names = ("exit_reason", "trades", "win_rate_pct", "pnl_quote", "cost_quote")
    return _grouped_rows(found, names)


def pair_rows(found: StrategyRun) -> list[list[str]]:
    """The cells of PAIR_HEAD, the best pair first."""
    names = ("pair", "trades", "win_rate_pct", "pnl_quote", "cost_quote", "return_pct")
    return _grouped_rows(found, names)


def cost_rows(found: StrategyRun) -> list[list[str]]:
    """The cells of COST_HEAD: what the closed trades paid, and of how much traded."""
    trades = found.fold.trades
    if not len(trades):
        return []
    traded = float((trades["quantity"] * (trades["entry_price"] + trades["exit_price"])).sum())
    paid, fee, spread = (float(trades[name].sum()) for name in ("cost_quote", "fee_quote", "spread_quote"))
    parts = {
        "fee": fee,
        "spread": spread,
        "impact, and rests too small to sell": paid - fee - spread,
        "all": paid,
    }
    return [[name, shown(value), shown(1e4 * value / traded)] for name, value in parts.items()]


def what_if_rows(found: StrategyRun) -> list[list[str]]:
    """The cells of WHAT_IF_HEAD; of what is drawn the middle, and bounds that hold nine of ten draws."""
    return [
        [
            f"{one.name}, {one.draws:,} times" if one.draws > 1 else one.name,
            shown(one.total_return_pct.middle), _bounds(one, one.total_return_pct), _middle(one.sharpe),
            shown(one.max_drawdown_pct.middle), _bounds(one, one.max_drawdown_pct),
        ]
        for one in found.sensitivity
    ]  # fmt: skip


def what_if_words(found: StrategyRun) -> list[str]:
    """How to read each row of the table."""
    return [f"{one.name}: {one.words}." for one in found.sensitivity]


def regime_rows(found: StrategyRun) -> list[list[str]]:
    """The cells of REGIME_HEAD: each trend, each volatility, and both together."""
    return [
        [
            one.name,
            shown(one.hours_pct, 1),
            shown(one.return_pct),
            shown(one.sharpe),
            shown(one.market_return_pct),
        ]
        for one in found.regimes
    ]


def _bounds(one: WhatIf, held: Spread) -> str:
    return f"{shown(held.low)} to {shown(held.high)}" if one.draws > 1 else ""


def _middle(held: Spread) -> str:
    return "" if held.middle is None else shown(held.middle)


def refused_words(found: StrategyRun) -> str:
    """How many entries were wanted, and which gates and protections refused how many."""
    return (
        f"{found.wanted:,} entries wanted (a pair and hour each); refused by {_counted(found, 'gate_') or 'no gate'}; "
        f"of those that passed, refused by {_counted(found, PROTECTION) or 'no protection'}; positions of "
        "limits, correlation, cash and cost at the own size are left out of this count"
    )


def _counted(found: StrategyRun, kind: str) -> str:
    return ", ".join(
        f"{name.removeprefix(kind)} {count:,}"
        for name, count in found.rejected.items()
        if count and name.startswith(kind)
    )


def figures_of(found: StrategyRun) -> "dict[str, Figure]":
    """Equity with drawdown beside what could have been had, and the profit of each pair."""
    label = f"{found.spec.name} {found.spec.version}"
    made = {"equity": equity_figure(found.fold.equity, found.capital_quote, found.benchmarks, label)}
    if len(found.fold.trades):
        made["profit_by_pair"] = pair_pnl_figure(grouped(found.fold.trades, "pair"), label)
    return made


def title_of(found: StrategyRun) -> str:
    """Strategy and days."""
    return f"{found.spec.name}, {found.start:%Y-%m-%d} to {found.end:%Y-%m-%d}"


def facts_of(found: StrategyRun, origin: str) -> str:
    """What was traded, when and from how much."""
    return (
        f"{origin}: {len(found.pairs)} pairs, {found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC, "
        f"{found.capital_quote:,.0f} quote to begin with, version {found.spec.version}"
    )


def _grouped_rows(found: StrategyRun, names: Sequence[str]) -> list[list[str]]:
    if not len(found.fold.trades):
        return []
    rows = grouped(found.fold.trades, names[0])[list(names)].itertuples(index=False)
    return [[str(row[0]), str(row[1]), *(shown(value) for value in row[2:])] for row in rows]
