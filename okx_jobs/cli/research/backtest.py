"""`okxsignal backtest` and `okxsignal strategy`: a strategy on candles, and the strategies that there are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from difflib import get_close_matches

import pandas as pd
from rich.console import Console
from rich.table import Table

from okx_core.backtest.metrics import curve as of
from okx_core.backtest.metrics.summary import equity_curve
from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import CandleSet
from okx_core.hours import HOUR
from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.strategy import Strategy
from okx_jobs.cli.research.chosen_candles import CandleChoice, chosen_candles
from okx_jobs.stack import services
from okx_services.reports.markdown import shown
from okx_services.reports.market_origin import market_note
from okx_services.research.strategy_backtest import StrategyRun, run_strategy
from resources.config.settings import Settings
from resources.stores import open_database
from resources.strategy_files import find_strategy, load_strategy, new_strategy, strategy_files

WARM_UP = timedelta(days=45)  # of the slowest features
SIGNAL_COLUMNS = ("predicted_excess_pct", "tradable")
FIGURES = {
    "total return": ("total_return_pct", "%"), "a year": ("cagr_pct", "%"), "Sharpe": ("sharpe", ""),
    "Sortino": ("sortino", ""), "max drawdown": ("max_drawdown_pct", "%"), "trades": ("trades", ""),
    "win rate": ("win_rate_pct", "%"), "profit factor": ("profit_factor", ""), "exposure": ("exposure_pct", "%"),
    "turnover": ("turnover", "x capital"), "costs": ("cost_share_pct", "% of gross profit"),
}  # fmt: skip


@dataclass(frozen=True)
class BacktestRequest(CandleChoice):
    """Which strategy with which parameters, on which candles, from how much capital."""

    strategy: str = "model"
    parameters: Mapping[str, str] = field(default_factory=dict)
    capital_quote: float = 10_000.0
    threads: int = 1


def parameters_of(given: Sequence[str]) -> dict[str, str]:
    """`name=value` texts as a table. Raises OkxSignalError for one that is none."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise OkxSignalError(f"--param {text!r}: give name=value, such as --param stop_pct=5")
        found[name.strip()] = value.strip()
    return found


def run_backtest(request: BacktestRequest, settings: Settings, console: Console) -> StrategyRun:
    """Backtest and print."""
    strategy = find_strategy(settings.home, request.strategy)
    spec = strategy.spec(request.parameters)
    if not request.capital_quote > 0.0:
        raise OkxSignalError(f"--capital is {request.capital_quote:g}: give an amount above 0")
    candles, origin = chosen_candles(request, settings)
    start, end = _window(request, candles)
    known = _signals(strategy, request, settings, start, end)
    with console.status(f"{spec.name} on {origin}"):
        found = run_strategy(
            strategy, spec, candles, start, end, request.capital_quote, known, threads=request.threads
        )
    print_run(found, origin, console)
    if note := _market_note(request, settings):
        console.print(note, soft_wrap=True)
    return found


def _market_note(request: BacktestRequest, settings: Settings) -> str:
    """What the figures do not say, where the market is synthetic; empty for a file and for a recorded market."""
    if request.strength is not None:
        return f"A synthetic market of strength {request.strength:g}: these figures say nothing about real markets."
    if not request.is_stored:
        return ""
    with services.working_database(settings):
        identity = open_database(settings.database).scalar("select identity from ops.market_source")
    return market_note(str(identity or ""))


def _window(request: BacktestRequest, candles: CandleSet) -> tuple[datetime, datetime]:
    """The hours that are traded. Raises OkxSignalError where there are none."""
    opens = candles.hourly["timestamp_utc"]
    first, last = opens.min().to_pydatetime(), opens.max().to_pydatetime() + HOUR
    start, end = request.start or first + WARM_UP, min(request.end or last - HOUR, last - HOUR)
    if start < first or not end - start >= 24 * HOUR:
        raise OkxSignalError(
            f"no day to trade from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}: the candles reach from "
            f"{first:%Y-%m-%d} to {last:%Y-%m-%d}; choose --from and --to in there (features need {WARM_UP.days} days "
            "before --from to warm up)"
        )
    return start, end


def _signals(
    strategy: Strategy, request: BacktestRequest, settings: Settings, start: datetime, end: datetime
) -> pd.DataFrame | None:
    """The stored signals of the window, for strategies that read them; None on other candles than the home's."""
    if not request.is_stored or not set(strategy.columns) & set(SIGNAL_COLUMNS):
        return None
    with services.working_database(settings):
        rows = open_database(settings.database).frame(
            "select pair, timestamp_utc, predicted_excess_pct, tradable from trading.signals "
            "where timestamp_utc >= $1 and timestamp_utc < $2",
            (start, end),
        )
    return rows.astype({"tradable": float})


def print_run(found: StrategyRun, origin: str, console: Console) -> None:
    """Figures with their intervals, what could have been had instead, exits by reason, and why entries were refused."""
    spec, scores, bounds = found.spec, found.scores, found.intervals
    console.print(
        f"{spec.name} (version {spec.version}) on {origin}: {len(found.pairs)} pairs, {found.start:%Y-%m-%d %H:%M} to "
        f"{found.end:%Y-%m-%d %H:%M} UTC, {found.capital_quote:,.0f} quote",
        soft_wrap=True,
    )
    table = Table("figure", box=None, pad_edge=False)
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("9 of 10 redrawn histories")
    for words, (name, unit) in FIGURES.items():
        held = bounds.get(name)
        table.add_row(
            words,
            shown(scores[name]),
            unit,
            "" if held is None else f"{shown(held.low)} to {shown(held.high)}",
        )
    console.print(table)
    _print_benchmarks(found, console)
    _print_reasons(found, console)


def _print_benchmarks(found: StrategyRun, console: Console) -> None:
    table = Table("instead", box=None, pad_edge=False)
    for name in ("return %", "Sharpe", "max drawdown %"):
        table.add_column(name, justify="right")
    curves = {f"{found.spec.name}, after costs": equity_curve(found.fold.equity, found.capital_quote)}
    for name, held in {**curves, **found.benchmarks}.items():
        table.add_row(
            name, shown(of.total_return_pct(held)), shown(of.sharpe(held)), shown(of.max_drawdown_pct(held))
        )
    console.print(table)


def _print_reasons(found: StrategyRun, console: Console) -> None:
    trades = found.fold.trades
    if len(trades):
        table = Table("closed by", box=None, pad_edge=False)
        for name in ("trades", "profit", "costs"):
            table.add_column(name, justify="right")
        for reason, rows in trades.groupby("exit_reason"):
            table.add_row(
                str(reason), str(len(rows)), shown(rows["pnl_quote"].sum()), shown(rows["cost_quote"].sum())
            )
        console.print(table)
    refused = ", ".join(
        f"{name.removeprefix('gate_')} {count:,}" for name, count in found.rejected.items() if count
    )
    console.print(
        f"{found.wanted:,} entries wanted (a pair and hour each); refused by {refused or 'no gate'}; positions "
        "of limits, cash and cost at the own size are left out of this count",
        soft_wrap=True,
    )


def list_strategies(settings: Settings, console: Console) -> None:
    """Names, sentences, and files of the user's own; one that cannot be loaded says why."""
    for strategy in BUILT_IN.values():
        console.print(f"{strategy.name:<28}{strategy.summary}", soft_wrap=True)
    for name, path in strategy_files(settings.home).items():
        try:
            words = load_strategy(path).summary
        except OkxSignalError as error:
            words = f"cannot be used: {error}"
        console.print(f"{name:<28}{words} ({path})", soft_wrap=True, highlight=False)


def show_strategy(name: str, settings: Settings, console: Console) -> None:
    """Every number of a strategy, with its version."""
    strategy = find_strategy(settings.home, name)
    spec = strategy.spec({})
    console.print(f"{spec.name} (version {spec.version}, {spec.code}): {strategy.summary}", soft_wrap=True)
    console.print(
        f"reads: close and volume{''.join(f', {column}' for column in strategy.columns)}", soft_wrap=True
    )
    for head, values in (
        ("parameters", spec.parameters),
        ("rules", asdict(spec.rules)),
        ("exits", asdict(spec.exits)),
    ):
        console.print(
            f"{head}: {', '.join(f'{key}={value}' for key, value in values.items())}", soft_wrap=True
        )


def write_strategy(name: str, settings: Settings, console: Console) -> None:
    """Write the template."""
    near = get_close_matches(name, BUILT_IN, 1, 0.9)
    path = new_strategy(settings.home, name)
    hint = f" (its name is close to the built-in {near[0]})" if near else ""
    console.print(f"{path}{hint}: change it, then run `okxsignal backtest --strategy {name}`", soft_wrap=True)
