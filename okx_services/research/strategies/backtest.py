"""A strategy on candles: its wants become signals with gates and costs, and are traded as the stored ones are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import pandas as pd

from okx_core.backtest.ends import candle_ends
from okx_core.backtest.engine import FillRules, FoldResult, Portfolio, run_fold
from okx_core.backtest.metrics.curve import Array
from okx_core.backtest.metrics.interval import Interval, intervals
from okx_core.backtest.metrics.summary import equity_curve, metrics
from okx_core.decisions.costs import with_books
from okx_core.decisions.gates import Gate, gates
from okx_core.decisions.market_state import market_state
from okx_core.decisions.rules import KELLY, PRODUCT_LIMITS, RiskLimits
from okx_core.decisions.sizing_methods import NEEDS_VOLATILITY
from okx_core.features.candle_set import CandleSet
from okx_core.features.registry import FEATURES
from okx_core.hours import HOUR
from okx_core.market.fees import TAKER_FEE_RATE
from okx_core.strategies.lookahead import require_no_lookahead
from okx_core.strategies.outcomes import known_outcomes
from okx_core.strategies.panel import Panel
from okx_core.strategies.strategy import Strategy, StrategyError, StrategySpec, Wants
from okx_services.reports.backtest import benchmarks_of

ATR, VOLATILITY = "normalized_atr_14", "historical_vol_30"
VOLUME_SHARE = 0.05
PROTECTION = "protection_"  # before its name where gates are counted too
STATED_PROBABILITY = "gate_probability"  # of the signal model alone
NO_SNAPSHOTS = pd.DataFrame(
    {
        "pair": pd.array([], "str"), "timestamp_utc": pd.DatetimeIndex([], tz="UTC").as_unit("us"),
        "spread_bps": [], "bid_depth_10bps": [], "ask_depth_10bps": [], "bid_depth_50bps": [], "ask_depth_50bps": [],
        "bid_depth_200bps": [], "ask_depth_200bps": [],
    }
)  # fmt: skip


@dataclass(frozen=True)
class StrategyRun:
    """What a strategy did in a stretch of hours; `rejected` counts its wanted entries by what refused them.

    Of the gates each counts what it refuses; a protection counts what passed the gates and all protections before it.
    """

    spec: StrategySpec
    start: datetime
    end: datetime
    pairs: tuple[str, ...]
    capital_quote: float
    fold: FoldResult
    rejected: Mapping[str, int]
    wanted: int
    benchmarks: Mapping[str, Array]
    closes: Array
    """Closes [hours, pairs] of the stretch, NaN where there is no bar."""

    @cached_property
    def scores(self) -> dict[str, float | None]:
        return metrics(self.fold.equity, self.fold.trades, self.capital_quote)

    @cached_property
    def intervals(self) -> dict[str, Interval | None]:
        return intervals(equity_curve(self.fold.equity, self.capital_quote))


def run_strategy(
    strategy: Strategy,
    spec: StrategySpec,
    candles: CandleSet,
    start: datetime,
    end: datetime,
    capital_quote: float,
    known: pd.DataFrame | None = None,
    limits: RiskLimits = PRODUCT_LIMITS,
    fills: FillRules | None = None,
    threads: int = 1,
) -> StrategyRun:
    """Trade the bars start <= open < end of `candles`, which should reach back further to warm features up.

    `known` are rows (pair, timestamp_utc) with columns that are no features: recorded predictions and the like. Raises
    StrategyError for a column that nobody has, and for a strategy that looks ahead.
    """
    hourly = candles.hourly.astype({"timestamp_utc": "datetime64[us, UTC]"})
    names = (*strategy.columns, ATR, *((VOLATILITY,) if spec.rules.sizing in NEEDS_VOLATILITY else ()))
    rows = _rows(strategy, candles, set(names), start, end, known, threads)
    panel = Panel.of(hourly, rows, tuple(dict.fromkeys(names)), start, end)
    wants = require_no_lookahead(strategy, spec, panel)
    signals, rejected = _signals(spec, panel, wants, hourly, start, end)
    inside = hourly[hourly["timestamp_utc"].between(start, end)]
    fills = fills or FillRules(VOLUME_SHARE, ends=candle_ends(inside, (), start, end))
    history = 0 if spec.rules.max_correlation is None else spec.rules.correlation_hours
    past = hourly["timestamp_utc"].between(start - history * HOUR, end)
    fold = run_fold(
        signals, hourly[past], start, end, Portfolio(capital_quote, {}), spec.rules, limits,
        exits=spec.exits, fills=fills, protections=spec.protections,
    )  # fmt: skip
    rejected |= {f"{PROTECTION}{name}": count for name, count in fold.refused.items()}
    return StrategyRun(
        spec, start, end, panel.pairs, capital_quote, fold, rejected, int((~np.isnan(wants.score)).sum()),
        benchmarks_of(hourly, pd.date_range(start - HOUR, end - HOUR, freq="h")),
        panel.close,
    )  # fmt: skip


def _rows(
    strategy: Strategy, candles: CandleSet, names: set[str], start: datetime, end: datetime,
    known: pd.DataFrame | None, threads: int,
) -> pd.DataFrame:  # fmt: skip
    """The columns of these names, one row for each bar of the stretch."""
    features = [feature for feature in FEATURES if feature.name in names]
    held = {feature.name for feature in features} | set(() if known is None else known.columns)
    absent = sorted(names - held)
    if absent:
        raise StrategyError(
            f"strategy {strategy.name} asks for {', '.join(absent)}: no such feature, `okxsignal features` lists them"
            + ("" if known is not None else "; of predictions it may read predicted_excess_pct and tradable")
        )
    rows = candles.features(start, end, features, threads)
    return rows if known is None else rows.merge(known, how="left", on=["pair", "timestamp_utc"])


def _signals(
    spec: StrategySpec, panel: Panel, wants: Wants, hourly: pd.DataFrame, start: datetime, end: datetime
) -> tuple[pd.DataFrame, dict[str, int]]:
    """A row for each bar of the panel, as `run_fold` reads them, and how many wants each gate refused."""
    hour, pair = np.nonzero(~np.isnan(panel.close))
    times = pd.to_datetime((panel.first_hour + hour) * 3600, unit="s", utc=True).as_unit("us")
    frame = pd.DataFrame(
        {
            "pair": np.asarray(panel.pairs)[pair], "timestamp_utc": times,
            "predicted_excess_pct": wants.score[hour, pair], "leaves": wants.leaves[hour, pair],
            "atr_pct": panel.columns[ATR][hour, pair], "excess_probability": 1.0, "taker_fee_rate": np.nan,
        }
    )  # fmt: skip
    state = market_state(hourly[hourly["timestamp_utc"].between(start - 24 * HOUR, end, inclusive="left")])
    frame = with_books(frame.merge(state, how="left", on=["pair", "timestamp_utc"]), NO_SNAPSHOTS, state)
    wanted = frame["predicted_excess_pct"].notna().to_numpy()
    asked: list[Gate] = [
        gate
        for gate in gates(frame, spec.rules, spec.rules.reference_order_quote, TAKER_FEE_RATE)
        if gate.name != STATED_PROBABILITY
    ]
    passed = {gate.name: gate.passed() for gate in asked}
    rejected = {name: int((wanted & ~held).sum()) for name, held in passed.items()}
    tradable = wanted & np.logical_and.reduce(list(passed.values()))
    allowed = np.full(panel.close.shape, np.nan)
    allowed[hour, pair] = np.where(tradable, wants.score[hour, pair], np.nan)
    figures = _sizing_figures(spec, panel, Wants(allowed, wants.leaves))
    sizes = {name: grid[hour, pair] for name, grid in figures.items()}
    return frame.assign(tradable=tradable, **sizes), rejected


def _sizing_figures(spec: StrategySpec, panel: Panel, wants: Wants) -> dict[str, Array]:
    """The fields of SizingFigures [hours, pairs] that the method of sizing needs.

    Mean and variance for Kelly are those of the wants that passed the gates, as far as their outcome was known.
    """
    if spec.rules.sizing in NEEDS_VOLATILITY:
        return {"volatility_pct": panel.columns[VOLATILITY]}
    if spec.rules.sizing != KELLY:
        return {}
    cost_pct = 200.0 * TAKER_FEE_RATE
    record = known_outcomes(wants, panel.close, spec.rules.horizon_hours, cost_pct)
    grids = (np.broadcast_to(values[:, None], panel.close.shape) for values in record)
    return dict(zip(("expected_return_pct", "return_variance_pct2"), grids, strict=True))
