"""A backtest as it was asked for: which strategy with which parameters, on which candles, from how much capital."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import CandleSet
from okx_core.hours import HOUR
from okx_core.strategies.strategy import Strategy
from okx_jobs.research.chosen_candles import CandleChoice, chosen_candles
from okx_jobs.research.predicted_signals import kept_signals, signals_of
from okx_services.reports.market_origin import market_note
from okx_services.research.strategies.backtest import StrategyRun, run_strategy
from okx_services.research.strategies.predicted import Report
from resources.postgres.database import Database
from resources.strategy_files import find_strategy

WARM_UP = timedelta(days=45)  # of the slowest features
SIGNAL_COLUMNS = ("predicted_excess_pct", "tradable")


@dataclass(frozen=True)
class BacktestRequest(CandleChoice):
    """Which strategy with which parameters, on which candles, from how much capital."""

    strategy: str = "model"
    parameters: Mapping[str, str] = field(default_factory=dict)
    capital_quote: float = 10_000.0
    threads: int = 1
    ungated: bool = False
    """Trade predictions although the promotion gate refuses them, where they are made for the backtest."""


def parameters_of(given: Sequence[str]) -> dict[str, str]:
    """`name=value` texts as a table. Raises OkxSignalError for one that is none."""
    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise OkxSignalError(f"--param {text!r}: give name=value, such as --param stop_pct=5")
        found[name.strip()] = value.strip()
    return found


def require_usable(request: BacktestRequest, home: Path) -> None:
    """Raises OkxSignalError for what can be refused before anything is read."""
    find_strategy(home, request.strategy).spec(request.parameters)
    if not request.capital_quote > 0.0:
        raise OkxSignalError(f"--capital is {request.capital_quote:g}: give an amount above 0")


def needs_predictions(request: BacktestRequest, home: Path) -> bool:
    """Whether the strategy reads predictions that are first to be made for these candles, and are not kept yet."""
    reads = set(find_strategy(home, request.strategy).columns) & set(SIGNAL_COLUMNS)
    return bool(reads) and not request.is_stored and not kept_signals(request, home).is_file()


def predict(request: BacktestRequest, home: Path, report: Report) -> None:
    """Make the predictions of candles that are not the home's, and keep them."""
    candles, _ = chosen_candles(request, _no_database)
    signals_of(request, candles, home, request.threads, report)


def _no_database() -> Database:
    raise OkxSignalError("these candles are not those of a home")


def run_backtest(
    request: BacktestRequest, home: Path, stored: Callable[[], Database], report: Report
) -> tuple[StrategyRun, str]:
    """The backtest, and where its candles come from in words. Raises OkxSignalError as its parts do."""
    require_usable(request, home)
    strategy = find_strategy(home, request.strategy)
    chosen = chosen_market(request, strategy, home, stored, report)
    found = run_strategy(
        strategy, strategy.spec(request.parameters), chosen.candles, chosen.start, chosen.end, request.capital_quote,
        chosen.known, threads=request.threads,
    )  # fmt: skip
    return found, chosen.origin


@dataclass(frozen=True)
class ChosenMarket:
    """Candles, where they come from in words, the hours that are traded, and the predictions that a strategy reads."""

    candles: CandleSet
    origin: str
    start: datetime
    end: datetime
    known: pd.DataFrame | None


def chosen_market(
    request: BacktestRequest, strategy: Strategy, home: Path, stored: Callable[[], Database], report: Report
) -> ChosenMarket:
    """What a request names; `known` is None for a strategy that reads no predictions. Raises OkxSignalError."""
    candles, origin = chosen_candles(request, stored)
    start, end = _window(request, candles)
    known = None
    if set(strategy.columns) & set(SIGNAL_COLUMNS):
        known = (
            _stored_signals(stored, start, end) if request.is_stored
            else _predicted(request, candles, home, start, end, report)
        )  # fmt: skip
    return ChosenMarket(candles, origin, start, end, known)


def note_of(request: BacktestRequest, stored: Callable[[], Database]) -> str:
    """What the figures do not say, where the market is synthetic; empty for a file and for a recorded market."""
    if request.strength is not None:
        return f"A synthetic market of strength {request.strength:g}: these figures say nothing about real markets."
    if not request.is_stored:
        return ""
    return market_note(str(stored().scalar("select identity from ops.market_source") or ""))


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


def _stored_signals(stored: Callable[[], Database], start: datetime, end: datetime) -> pd.DataFrame:
    """The home's signals of the window."""
    rows = stored().frame(
        "select pair, timestamp_utc, predicted_excess_pct, tradable from trading.signals "
        "where timestamp_utc >= $1 and timestamp_utc < $2",
        (start, end),
    )
    return rows.astype({"tradable": float})


def _predicted(
    request: BacktestRequest, candles: CandleSet, home: Path, start: datetime, end: datetime, report: Report
) -> pd.DataFrame:
    """What the signal model would have predicted in the window, and whether the gate would have let it trade."""
    made = signals_of(request, candles, home, request.threads, report)
    inside = made[made["timestamp_utc"].between(start, end, inclusive="left")]
    allowed = 1.0 if request.ungated else inside["gate_passed"]
    return inside.drop(columns="gate_passed").assign(tradable=allowed)
