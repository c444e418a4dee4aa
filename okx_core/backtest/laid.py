"""Signals, bars and costs of a fold as arrays: laid once, traded as often as variants are tried."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.terms import Bars
from okx_core.candles.turnover import quote_turnover
from okx_core.decisions.costs import Costs, assumed_books
from okx_core.decisions.sizing_methods import SizingFigures
from okx_core.features.grid import Grid, lay_on_grid, pair_places
from okx_core.features.timeframes import HOURLY, bar_numbers, hour_number
from okx_core.market.book_model import range_bps

Array = NDArray[np.float64]
BAR_FIELDS = ("open", "high", "low", "close", "volume", "quote_volume")


@dataclass(frozen=True)
class LaidFold:
    """Arrays [hours, pairs], the bars [hours + 1, pairs]; the first hour counts from 1970.

    Without a signal the prediction is NaN and nothing is tradable; without `leaves` a position is left when its
    prediction has turned.
    """

    pairs: tuple[str, ...]
    first_hour: int
    bars: Bars
    predicted_excess_pct: Array
    tradable: NDArray[np.bool_]
    leaves: NDArray[np.bool_] | None
    size_multiplier: Array
    """By which the universe scales the size of a pair."""
    figures: SizingFigures
    atr_pct: Array
    costs: Costs

    @property
    def hours(self) -> int:
        return len(self.tradable)

    def between(self, start: int, stop: int) -> "LaidFold":
        """The rows start <= row < stop alone, with the open after the last: a fold of its own."""
        cut = slice(start, stop)
        past = self.bars.past_close
        history = len(past) - len(self.bars.close)
        inside = [values[start : stop + 1] for values in self.bars[:-1]]
        return replace(
            self,
            first_hour=self.first_hour + start,
            bars=Bars._make((*inside, past[: history + stop + 1])),
            predicted_excess_pct=self.predicted_excess_pct[cut],
            tradable=self.tradable[cut],
            leaves=None if self.leaves is None else self.leaves[cut],
            size_multiplier=self.size_multiplier[cut],
            figures=each_figure(lambda values: values[cut], self.figures),
            atr_pct=self.atr_pct[cut],
            costs=Costs(*(values[cut] for values in self.costs)),
        )


def lay_fold(
    signals: pd.DataFrame,
    candles_1h: pd.DataFrame,
    pairs: tuple[str, ...],
    start: datetime,
    end: datetime,
    fee_rate: float,
    history: int = 0,
) -> LaidFold:
    """The bars start <= open < end of `pairs` and what `signals` say of them, as `run_fold` takes both.

    The closes of `history` hours before them are laid too.
    """
    first, stop = hour_number(start), hour_number(end)
    bars = _bars(lay_on_grid(candles_1h, pairs, first - history, stop + 1, HOURLY, BAR_FIELDS), history)
    columns = _Columns(signals, pairs, first, stop - first)
    prediction = columns.of("predicted_excess_pct")
    return LaidFold(
        pairs, first, bars, prediction, columns.of("tradable") == 1.0,
        columns.of("leaves") == 1.0 if columns.has("leaves") else None,
        columns.of("risk_multiplier") if columns.has("risk_multiplier") else np.ones(prediction.shape),
        SizingFigures(*(columns.of(field.name) for field in fields(SizingFigures))),
        columns.of("atr_pct"), _costs(columns, range_bps(bars.high, bars.low)[:-1], fee_rate),
    )  # fmt: skip


def each_figure(change: Callable[[Array], Array], figures: SizingFigures) -> SizingFigures:
    """Figures with `change` made to each of their arrays."""
    return SizingFigures(*(change(getattr(figures, field.name)) for field in fields(figures)))


def _bars(grid: Grid, history: int) -> Bars:
    """The bars of a grid whose first `history` hours are not traded."""
    whole = {name: _by_hour(grid.fields[name]) for name in BAR_FIELDS}
    opened, high, low, close, volume, quote = (whole[name][history:] for name in BAR_FIELDS)
    return Bars(opened, high, low, close, quote_turnover(quote, volume, close), whole["close"])


def _by_hour(values: Array) -> Array:
    return np.ascontiguousarray(values.T)


def _costs(columns: "_Columns", ranged: Array, fee_rate: float) -> Costs:
    """Costs [hours, pairs]; `fee_rate` where the fee is unknown, the assumed book where none was recorded."""
    assumed = assumed_books(columns.of("turnover_24h_quote"), ranged)
    spread, depth = columns.of("book_spread_bps"), columns.of("book_depth_quote")
    unseen = np.isnan(spread) | np.isnan(depth)
    fee = columns.of("taker_fee_rate")
    return Costs(
        np.where(np.isnan(fee), fee_rate, fee),
        np.where(unseen, assumed[0], spread),
        np.where(unseen, assumed[1], depth),
    )


class _Columns:
    """Columns of signals as grids [hours, pairs], NaN where there is no signal or no such column."""

    def __init__(self, signals: pd.DataFrame, pairs: tuple[str, ...], first: int, hours: int) -> None:
        rows = bar_numbers(signals["timestamp_utc"], HOURLY) - first
        self._inside = (rows >= 0) & (rows < hours)
        self._places = rows[self._inside], pair_places(signals["pair"], pairs)[self._inside]
        self._signals, self._shape = signals, (hours, len(pairs))

    def has(self, name: str) -> bool:
        return name in self._signals.columns

    def of(self, name: str) -> Array:
        values = np.full(self._shape, np.nan)
        if self.has(name):
            values[self._places] = self._signals[name].to_numpy(dtype=np.float64)[self._inside]
        return values
