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
from okx_services.reports.market_origin import market_note
from okx_services.research.strategies.backtest import StrategyRun, run_strategy
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


def run_backtest(
    request: BacktestRequest, home: Path, stored: Callable[[], Database]
) -> tuple[StrategyRun, str]:
    """The backtest, and where its candles come from in words. Raises OkxSignalError as its parts do."""
    require_usable(request, home)
    strategy = find_strategy(home, request.strategy)
    candles, origin = chosen_candles(request, stored)
    start, end = _window(request, candles)
    found = run_strategy(
        strategy, strategy.spec(request.parameters), candles, start, end, request.capital_quote,
        _signals(strategy, request, stored, start, end), threads=request.threads,
    )  # fmt: skip
    return found, origin


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


def _signals(
    strategy: Strategy, request: BacktestRequest, stored: Callable[[], Database], start: datetime, end: datetime
) -> pd.DataFrame | None:  # fmt: skip
    """The stored signals of the window, for strategies that read them; None on other candles than the home's."""
    if not request.is_stored or not set(strategy.columns) & set(SIGNAL_COLUMNS):
        return None
    rows = stored().frame(
        "select pair, timestamp_utc, predicted_excess_pct, tradable from trading.signals "
        "where timestamp_utc >= $1 and timestamp_utc < $2",
        (start, end),
    )
    return rows.astype({"tradable": float})
