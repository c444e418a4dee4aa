"""From candles to feature rows, the same bytes whether one hour or ten years are asked for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.bars import Array, Bars
from okx_core.features.cross_section import CrossSection
from okx_core.features.declaration import Feature
from okx_core.features.funding import hours_to_funding
from okx_core.features.grid import FIELDS, SUMS, Grid, broadcast_bars, lay_on_grid
from okx_core.features.membership import members
from okx_core.features.registry import FEATURES
from okx_core.features.timeframes import HOURLY, TIMEFRAMES, Timeframe, history_start, hour_number

__all__ = ["compute_features", "history_start"]

Floats = NDArray[np.float32]
Pass = Callable[[], None]
CACHED_BARS = 24_576  # bars of one pass: few calls, and its arrays stay in cache
MIN_LEAD = 32  # bars that features of anchored indicators, or of a price before a gap, may look back


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
    funding: pd.DataFrame | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Feature rows of every 1h candle with start <= open < end, sorted by pair and timestamp_utc.

    The candles must reach back to `history_start(start, timeframe)`; older and later ones are not
    read. Where there is no 15m candle its features are NULL. `universe` (day, pair, enabled) says who is
    compared with whom, see `market`; `funding` (pair, timestamp_utc) says when funding was paid.
    Columns: pair, timestamp_utc, then one float32 per feature, NaN by its null rule. The result does not
    depend on start and end beyond which rows it holds, nor on the number of `threads`.
    """
    first, stop = hour_number(start), hour_number(end)
    pairs = tuple(sorted(candles_1h["pair"].unique()))
    frames = {"15m": candles_15m, "1h": candles_1h, "4h": candles_4h, "1d": candles_1d}
    values = np.empty((len(features), len(pairs), max(stop - first, 0)), dtype=np.float32)
    present = np.zeros(values.shape[1:], dtype=bool)
    for timeframe in TIMEFRAMES.values() if values.size else ():
        wanted = _positions(features, timeframe.name)
        if frames[timeframe.name].empty or not (wanted or timeframe is HOURLY):
            values[list(wanted)] = np.nan
            continue
        grid = _grid(frames[timeframe.name], pairs, timeframe, first, stop)
        if timeframe is HOURLY:
            present[:] = ~np.isnan(grid.fields["close"][:, first - grid.first :])
            if funding is not None and len(funding):
                grid.fields["hours_to_funding"] = hours_to_funding(funding, pairs, grid.first, stop)
            _run(_timeframe_passes(values, wanted, grid, timeframe, first), threads)
            _run(_market_passes(values, _positions(features, "cross"), grid, first, universe), threads)
        else:
            closed = _closed_bars(wanted, grid, timeframe, first, stop, threads)
            usable = timeframe.usable_bars(first, stop)
            for place, row in enumerate(wanted):
                broadcast_bars(closed[place], usable - usable[0], values[row])
    return _frame(values, present, pairs, first, features)


def _positions(features: Sequence[Feature], timeframe: str) -> dict[int, Feature]:
    return {place: feature for place, feature in enumerate(features) if feature.timeframe == timeframe}


def _grid(candles: pd.DataFrame, pairs: tuple[str, ...], timeframe: Timeframe, first: int, stop: int) -> Grid:
    """All bars that the rows [first, stop) may depend on; `first` and `stop` are hours."""
    newest = timeframe.usable_bar(stop - 1) + 1
    oldest = timeframe.anchor(timeframe.usable_bar(first))
    if "hours" not in candles:
        return lay_on_grid(candles, pairs, oldest, newest, timeframe)
    grid = lay_on_grid(candles, pairs, oldest, newest, timeframe, (*FIELDS, "hours"))
    missing = timeframe.minutes / 60 / grid.fields.pop("hours")
    for name in SUMS if np.nanmax(missing, initial=1.0) > 1.0 else ():
        grid.fields[name] *= missing  # what a bar traded, at the rate of its known hours
    return grid


def _closed_bars(
    wanted: dict[int, Feature], grid: Grid, timeframe: Timeframe, first: int, stop: int, threads: int
) -> Floats:
    """Features of a higher timeframe on its own bars: [features, pairs, bars] from the first usable one."""
    oldest, newest = timeframe.usable_bar(first), timeframe.usable_bar(stop - 1) + 1
    values = np.empty((len(wanted), len(grid.pairs), newest - oldest), dtype=np.float32)
    _run(_timeframe_passes(values, dict(enumerate(wanted.values())), grid, timeframe, oldest), threads)
    return values


def _run(passes: Iterable[Pass], threads: int) -> None:
    """Every pass, so many at a time; each writes rows of its own."""
    if threads == 1:
        for work in passes:
            work()
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work) for work in passes]:
            done.result()


def _timeframe_passes(
    values: Floats, wanted: dict[int, Feature], grid: Grid, timeframe: Timeframe, first: int
) -> Iterator[Pass]:
    """Work that writes the features of one timeframe; column 0 of `values` is the bar numbered `first`."""
    lead = _lead(wanted.values())
    if not timeframe.recursive:
        lead += lead // 4 + 1  # a gap that began before the window

    def work(some: slice, begin: int, stop: int) -> None:
        bars = _bars(grid, some, timeframe, begin - lead, stop)
        with np.errstate(all="ignore"):
            for row, feature in wanted.items():
                _write(values, (row, some.start, begin - first), feature, bars, bars, lead)

    for begin, stop in timeframe.months(first, first + values.shape[2]):
        for some in _cache_sized(len(grid.pairs), stop - begin + lead):
            yield partial(work, some, begin, stop)


def _market_passes(
    values: Floats, wanted: dict[int, Feature], grid: Grid, first: int, universe: pd.DataFrame | None
) -> Iterator[Pass]:
    """Work that writes the features that compare pairs: all pairs of a month at once."""
    lead = _lead(wanted.values())

    def work(begin: int, stop: int) -> None:
        bars = _bars(grid, slice(None), HOURLY, begin - lead, stop)
        market = CrossSection(bars, grid.pairs, members(universe, grid.pairs, bars.numbers()))
        with np.errstate(all="ignore"):
            for row, feature in wanted.items():
                _write(values, (row, 0, begin - first), feature, bars, market, lead)

    for begin, stop in HOURLY.months(first, first + values.shape[2]) if wanted else ():
        yield partial(work, begin, stop)


def _lead(features: Iterable[Feature]) -> int:
    """Bars before the first row that the windows of `features` reach back."""
    windows = [feature.lookback_bars for feature in features if not feature.anchored]
    return max([MIN_LEAD, *windows])


def _cache_sized(pairs: int, bars: int) -> Iterator[slice]:
    step = max(1, CACHED_BARS // bars)
    return (slice(low, min(low + step, pairs)) for low in range(0, pairs, step))


def _bars(grid: Grid, pairs: slice, timeframe: Timeframe, first: int, stop: int) -> Bars:
    """Bars [first, stop) of one month's pass, with the anchored stretch of that month behind them."""
    anchor = timeframe.anchor(stop - 1) if timeframe.recursive else first
    return Bars(grid.cut(pairs, anchor, stop), stop - first, first)


def _write(
    values: Floats,
    place: tuple[int, int, int],
    feature: Feature,
    bars: Bars,
    source: Bars | CrossSection,
    lead: int,
) -> None:
    """Put a feature's bars after the lead at `place` (feature, pair, bar) of `values`."""
    computed = np.ascontiguousarray(feature.compute(source), dtype=np.float64)
    _keep_known(values, *place, computed, bars.support(feature.lookback_bars), feature.lookback_bars, lead)


@compiled
def _keep_known(
    values: Floats,
    row: int,
    first_pair: int,
    first_bar: int,
    computed: Array,
    support: Array,
    lookback: int,
    lead: int,
) -> None:
    """Store as float32 what the look-back allows to know; what is not a finite float32 is NULL too."""
    for pair in range(computed.shape[0]):
        target = values[row, first_pair + pair, first_bar : first_bar + computed.shape[1] - lead]
        source = computed[pair, lead:]
        run = support[pair, lead:]
        for bar in range(source.size):
            value = np.float32(source[bar])
            gap = value - value  # 0, or NaN where the value is NaN or infinite
            target[bar] = value + gap if run[bar] >= lookback else np.float32(np.nan)


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
