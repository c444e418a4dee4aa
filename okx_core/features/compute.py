"""From candles to feature rows, the same bytes whether one hour or ten years are asked for."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.features.bars import Bars
from okx_core.features.declaration import Feature
from okx_core.features.grid import Grid, lay_on_grid
from okx_core.features.market import Market
from okx_core.features.membership import members
from okx_core.features.registry import FEATURES
from okx_core.features.timeframes import HOURLY, TIMEFRAMES, Timeframe, history_start, hour_number

__all__ = ["compute_features", "history_start"]

Floats = NDArray[np.float32]
CACHED_BARS = 12_288  # bars of one pass: its arrays stay in cache and below malloc's mapping threshold
SLOPE_BARS = 8  # bars that features of anchored indicators may look back


def compute_features(
    candles_1h: pd.DataFrame,
    candles_4h: pd.DataFrame,
    candles_1d: pd.DataFrame,
    candles_15m: pd.DataFrame,
    start: datetime,
    end: datetime,
    features: Sequence[Feature] = FEATURES,
    *,
    universe: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Feature rows of every 1h candle with start <= open < end, sorted by pair and timestamp_utc.

    The candles must reach back to `history_start(start, timeframe)`; older and later ones are not
    read. Where there is no 15m candle its features are NULL. `universe` (day, pair, enabled) says who is
    compared with whom, see `market`. Columns: pair, timestamp_utc, then one float32 per feature, NaN
    by its null rule. The result does not depend on start and end beyond which rows it holds.
    """
    first, stop = hour_number(start), hour_number(end)
    pairs = tuple(sorted(candles_1h["pair"].unique()))
    frames = {"15m": candles_15m, "1h": candles_1h, "4h": candles_4h, "1d": candles_1d}
    values = np.full((len(features), len(pairs), max(stop - first, 0)), np.nan, dtype=np.float32)
    present = np.zeros(values.shape[1:], dtype=bool)
    for timeframe in TIMEFRAMES.values() if values.size else ():
        grid = _grid(frames[timeframe.name], pairs, timeframe, first, stop)
        wanted = _positions(features, timeframe.name)
        if timeframe is HOURLY:
            present[:] = ~np.isnan(grid.fields["close"][:, first - grid.first :])
            _fill_timeframe(values, wanted, grid, timeframe, first)
            _fill_market(values, _positions(features, "cross"), grid, first, universe)
        elif wanted:
            closed = _closed_bars(wanted, grid, timeframe, first, stop)
            usable = timeframe.usable_bars(first, stop)
            for place, row in enumerate(wanted):
                values[row] = closed[place][:, usable - usable[0]]
    return _frame(values, present, pairs, first, features)


def _positions(features: Sequence[Feature], timeframe: str) -> dict[int, Feature]:
    return {place: feature for place, feature in enumerate(features) if feature.timeframe == timeframe}


def _grid(candles: pd.DataFrame, pairs: tuple[str, ...], timeframe: Timeframe, first: int, stop: int) -> Grid:
    """All bars that the rows [first, stop) may depend on; `first` and `stop` are hours."""
    newest = timeframe.usable_bar(stop - 1) + 1
    return lay_on_grid(candles, pairs, timeframe.anchor(timeframe.usable_bar(first)), newest, timeframe)


def _closed_bars(
    wanted: dict[int, Feature], grid: Grid, timeframe: Timeframe, first: int, stop: int
) -> Floats:
    """Features of a higher timeframe on its own bars: [features, pairs, bars] from the first usable one."""
    oldest, newest = timeframe.usable_bar(first), timeframe.usable_bar(stop - 1) + 1
    values = np.full((len(wanted), len(grid.pairs), newest - oldest), np.nan, dtype=np.float32)
    _fill_timeframe(values, dict(enumerate(wanted.values())), grid, timeframe, oldest)
    return values


def _fill_timeframe(
    values: Floats, wanted: dict[int, Feature], grid: Grid, timeframe: Timeframe, first: int
) -> None:
    """Write the features of one timeframe; column 0 of `values` is the bar numbered `first`."""
    lead = _lead(wanted.values())
    for begin, stop in timeframe.months(first, first + values.shape[2]):
        for some in _cache_sized(len(grid.pairs), stop - begin + lead):
            bars = _bars(grid, some, timeframe, begin - lead, stop)
            for row, feature in wanted.items():
                rows = _rows(feature, bars, bars, lead)
                values[row, some, begin - first : stop - first] = rows


def _fill_market(
    values: Floats, wanted: dict[int, Feature], grid: Grid, first: int, universe: pd.DataFrame | None
) -> None:
    """Write the features that compare pairs: all pairs of a month at once."""
    lead = _lead(wanted.values())
    for begin, stop in HOURLY.months(first, first + values.shape[2]) if wanted else ():
        bars = _bars(grid, slice(None), HOURLY, begin - lead, stop)
        market = Market(bars, grid.pairs, members(universe, grid.pairs, bars.numbers()))
        for row, feature in wanted.items():
            values[row, :, begin - first : stop - first] = _rows(feature, bars, market, lead)


def _lead(features: Iterable[Feature]) -> int:
    """Bars before the first row that the windows of `features` reach back."""
    windows = [feature.lookback_bars for feature in features if not feature.anchored]
    return max([SLOPE_BARS, *windows])


def _cache_sized(pairs: int, bars: int) -> Iterator[slice]:
    step = max(1, CACHED_BARS // bars)
    return (slice(low, min(low + step, pairs)) for low in range(0, pairs, step))


def _bars(grid: Grid, pairs: slice, timeframe: Timeframe, first: int, stop: int) -> Bars:
    """Bars [first, stop) of one month's pass, with the anchored stretch of that month behind them."""
    anchor = timeframe.anchor(stop - 1) if timeframe.recursive else first
    return Bars(grid.cut(pairs, anchor, stop), stop - first, first)


def _rows(feature: Feature, bars: Bars, source: Bars | Market, lead: int) -> Floats:
    """The asked-for bars of a feature, NULL by its rule; what is not a finite float32 is NULL too."""
    with np.errstate(all="ignore"):
        rows = feature.compute(source)[:, lead:].astype(np.float32)
    rows[~((bars.unbroken[:, lead:] >= feature.lookback_bars) & np.isfinite(rows))] = np.nan
    return rows


def _frame(
    values: Floats,
    present: NDArray[np.bool_],
    pairs: tuple[str, ...],
    first: int,
    features: Sequence[Feature],
) -> pd.DataFrame:
    """Rows of the present bars; `values` is [features, pairs, bars]."""
    row_of_pair, bar = np.nonzero(present)
    flat = values.reshape(len(features), -1)
    columns = flat if present.all() else flat[:, present.ravel()]
    opens = (first + bar).astype("datetime64[h]").astype("datetime64[us]")
    keys = {
        "pair": pd.array(list(pairs), dtype="str").take(row_of_pair),
        "timestamp_utc": pd.DatetimeIndex(opens).tz_localize("UTC"),
    }
    table = pd.DataFrame(columns.T, columns=pd.Index([feature.name for feature in features]), copy=False)
    return pd.concat([pd.DataFrame(keys), table], axis=1)
