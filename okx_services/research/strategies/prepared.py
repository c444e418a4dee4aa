"""What all variants of a strategy share on the same candles: features, bars, costs and what the gates read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.ends import candle_ends
from okx_core.backtest.engine import FillRules
from okx_core.backtest.laid import LaidFold, lay_fold
from okx_core.decisions.costs import with_books
from okx_core.decisions.gates import Gate, gates
from okx_core.decisions.market_state import market_state
from okx_core.decisions.rules import KELLY
from okx_core.decisions.sizing_methods import SizingFigures
from okx_core.features.candle_set import CandleSet
from okx_core.features.registry import FEATURES
from okx_core.hours import HOUR
from okx_core.market.fees import TAKER_FEE_RATE
from okx_core.strategies.outcomes import known_outcomes
from okx_core.strategies.panel import Panel
from okx_core.strategies.strategy import Strategy, StrategyError, StrategySpec, Wants

ATR, VOLATILITY = "normalized_atr_14", "historical_vol_30"
VOLUME_SHARE = 0.05
STATED_PROBABILITY = "gate_probability"  # of the signal model alone
NO_SNAPSHOTS = pd.DataFrame(
    {
        "pair": pd.array([], "str"), "timestamp_utc": pd.DatetimeIndex([], tz="UTC").as_unit("us"),
        "spread_bps": [], "bid_depth_10bps": [], "ask_depth_10bps": [], "bid_depth_50bps": [], "ask_depth_50bps": [],
        "bid_depth_200bps": [], "ask_depth_200bps": [],
    }
)  # fmt: skip


@dataclass(frozen=True)
class PreparedMarket:
    """Panel, bars and costs of a stretch of hours, and the rows that the gates read; nothing is wanted yet."""

    panel: Panel
    rows: pd.DataFrame
    """A row for each bar of the panel: pair, timestamp_utc and every column of the gates but the prediction."""
    row_of: NDArray[np.int64]
    """The place of each bar in `rows` [hours, pairs], -1 where there is no bar."""
    laid: LaidFold
    fills: FillRules
    hourly: pd.DataFrame

    def laid_for(self, spec: StrategySpec, wants: Wants) -> tuple[LaidFold, Mapping[str, int]]:
        """What a variant wants, behind its gates, as `trade_laid` takes it, and how many wants each gate refused.

        `wants` may end before the panel does: then so does the fold.
        """
        stop = len(wants.score)
        has_bar = self.row_of[:stop] >= 0
        hour, pair = np.nonzero(has_bar & ~np.isnan(wants.score))
        asked = self._asked(spec, self.row_of[hour, pair], wants.score[hour, pair])
        passed = {gate.name: gate.passed() for gate in asked}
        tradable = np.zeros(has_bar.shape, np.bool_)
        tradable[hour, pair] = np.logical_and.reduce(list(passed.values()))
        laid = self.laid.between(0, stop)
        if spec.rules.sizing == KELLY:
            allowed = Wants(np.where(tradable, wants.score, np.nan), wants.leaves)
            laid = replace(laid, figures=_with_record(spec, laid.figures, allowed, self.panel.close[:stop]))
        laid = replace(
            laid, predicted_excess_pct=np.where(has_bar, wants.score, np.nan), tradable=tradable,
            leaves=wants.leaves & has_bar,
        )  # fmt: skip
        return laid, {name: int((~held).sum()) for name, held in passed.items()}

    def _asked(self, spec: StrategySpec, places: NDArray[np.int64], score: NDArray[np.float64]) -> list[Gate]:
        """The gates that a rule is asked for, of the rows in which something is wanted."""
        wanted = self.rows.iloc[places].assign(predicted_excess_pct=score)
        return [
            gate
            for gate in gates(wanted, spec.rules, spec.rules.reference_order_quote, TAKER_FEE_RATE)
            if gate.name != STATED_PROBABILITY
        ]


def _with_record(
    spec: StrategySpec, figures: SizingFigures, wants: Wants, close: NDArray[np.float64]
) -> SizingFigures:
    """Mean and variance of the wants that passed the gates, as far as their outcome was known, for Kelly."""
    record = known_outcomes(wants, close, spec.rules.horizon_hours, 200.0 * TAKER_FEE_RATE)
    mean, variance = (np.broadcast_to(values[:, None], close.shape) for values in record)
    return replace(figures, expected_return_pct=mean, return_variance_pct2=variance)


def prepare_market(
    strategy: Strategy, candles: CandleSet, start: datetime, end: datetime, known: pd.DataFrame | None = None,
    fills: FillRules | None = None, threads: int = 1, history: int = 0,
) -> PreparedMarket:  # fmt: skip
    """The bars start <= open < end of `candles` with the columns that `strategy` reads, as `run_strategy` takes them.

    The closes of `history` hours before them are held for correlations. Raises StrategyError for a column that nobody
    has.
    """
    hourly = candles.hourly.astype({"timestamp_utc": "datetime64[us, UTC]"})
    columns = _columns(strategy, candles, start, end, known, threads)
    panel = Panel.of(hourly, columns, tuple(dict.fromkeys((*strategy.columns, ATR, VOLATILITY))), start, end)
    hour, pair = np.nonzero(~np.isnan(panel.close))
    rows = _gate_rows(panel, hour, pair, hourly, start, end)
    row_of = np.full(panel.close.shape, -1, np.int64)
    row_of[hour, pair] = np.arange(len(rows))
    inside = hourly[hourly["timestamp_utc"].between(start, end)]
    past = hourly[hourly["timestamp_utc"].between(start - history * HOUR, end)]
    laid = lay_fold(rows, past, panel.pairs, start, end, TAKER_FEE_RATE, history)
    fills = fills or FillRules(VOLUME_SHARE, ends=candle_ends(inside, (), start, end))
    return PreparedMarket(panel, rows, row_of, laid, fills, hourly)


def _columns(
    strategy: Strategy, candles: CandleSet, start: datetime, end: datetime, known: pd.DataFrame | None, threads: int
) -> pd.DataFrame:  # fmt: skip
    """The columns that the strategy, its stops and its sizes ask for; one row for each bar of the stretch."""
    names = {*strategy.columns, ATR, VOLATILITY}
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


def _gate_rows(
    panel: Panel,
    hour: NDArray[np.int64],
    pair: NDArray[np.int64],
    hourly: pd.DataFrame,
    start: datetime,
    end: datetime,
) -> pd.DataFrame:
    """A row for each bar of the panel, as gates and `lay_fold` read them; books are those of its turnover."""
    times = pd.to_datetime((panel.first_hour + hour) * 3600, unit="s", utc=True).as_unit("us")
    frame = pd.DataFrame(
        {
            "pair": np.asarray(panel.pairs)[pair], "timestamp_utc": times, "predicted_excess_pct": np.nan,
            "atr_pct": panel.columns[ATR][hour, pair], "volatility_pct": panel.columns[VOLATILITY][hour, pair],
            "excess_probability": 1.0, "taker_fee_rate": np.nan,
        }
    )  # fmt: skip
    state = market_state(hourly[hourly["timestamp_utc"].between(start - 24 * HOUR, end, inclusive="left")])
    return with_books(frame.merge(state, how="left", on=["pair", "timestamp_utc"]), NO_SNAPSHOTS, state)
