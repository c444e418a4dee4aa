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
from okx_core.features.candle_set import CandleSet
from okx_core.features.registry import FEATURES
from okx_core.hours import HOUR
from okx_core.market.fees import TAKER_FEE_RATE
from okx_core.strategies.panel import Panel
from okx_core.strategies.strategy import Strategy, StrategyError, StrategySpec, Wants

ATR = "normalized_atr_14"
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
        laid = replace(
            self.laid.between(0, stop), predicted_excess_pct=np.where(has_bar, wants.score, np.nan),
            tradable=tradable, leaves=wants.leaves & has_bar,
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


def prepare_market(
    strategy: Strategy,
    candles: CandleSet,
    start: datetime,
    end: datetime,
    known: pd.DataFrame | None = None,
    fills: FillRules | None = None,
    threads: int = 1,
) -> PreparedMarket:
    """The bars start <= open < end of `candles` with the columns that `strategy` reads, as `run_strategy` takes them.

    Raises StrategyError for a column that nobody has.
    """
    hourly = candles.hourly.astype({"timestamp_utc": "datetime64[us, UTC]"})
    columns = _columns(strategy, candles, start, end, known, threads)
    panel = Panel.of(hourly, columns, (*strategy.columns, ATR), start, end)
    hour, pair = np.nonzero(~np.isnan(panel.close))
    rows = _gate_rows(panel, hour, pair, hourly, start, end)
    row_of = np.full(panel.close.shape, -1, np.int64)
    row_of[hour, pair] = np.arange(len(rows))
    inside = hourly[hourly["timestamp_utc"].between(start, end)]
    laid = lay_fold(rows, inside, panel.pairs, start, end, TAKER_FEE_RATE)
    fills = fills or FillRules(VOLUME_SHARE, ends=candle_ends(inside, (), start, end))
    return PreparedMarket(panel, rows, row_of, laid, fills, hourly)


def _columns(
    strategy: Strategy, candles: CandleSet, start: datetime, end: datetime, known: pd.DataFrame | None, threads: int
) -> pd.DataFrame:  # fmt: skip
    """The columns that the strategy asks for, with the average true range; one row for each bar of the stretch."""
    names = {*strategy.columns, ATR}
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
            "atr_pct": panel.columns[ATR][hour, pair], "excess_probability": 1.0, "taker_fee_rate": np.nan,
        }
    )  # fmt: skip
    state = market_state(hourly[hourly["timestamp_utc"].between(start - 24 * HOUR, end, inclusive="left")])
    return with_books(frame.merge(state, how="left", on=["pair", "timestamp_utc"]), NO_SNAPSHOTS, state)
