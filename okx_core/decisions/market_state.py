"""Inputs of the gates: liquidity of a pair and direction of all pairs."""

import numpy as np
import pandas as pd

from okx_core.candles.turnover import quote_turnover
from okx_core.compilation import compiled
from okx_core.features.bars import Array, change_pct
from okx_core.features.grid import lay_on_grid, pair_places
from okx_core.features.kernels.cross_section import market_mean
from okx_core.features.timeframes import HOURLY, bar_numbers
from okx_core.market.book_model import range_bps

DAY_HOURS = 24


@compiled
def known_turnover(quote_volume: Array, hours: int) -> Array:
    """Sum of the known values of the last `hours` bars [pairs, bars]; NaN where none is known."""
    out = np.full(quote_volume.shape, np.nan)
    for pair in range(quote_volume.shape[0]):
        for bar in range(quote_volume.shape[1]):
            total = 0.0
            known = False
            for age in range(min(hours, bar + 1)):
                value = quote_volume[pair, bar - age]
                if value == value:
                    total += value
                    known = True
            if known:
                out[pair, bar] = total
    return out


def market_state(candles_1h: pd.DataFrame) -> pd.DataFrame:
    """Per candle row: pair, timestamp_utc, turnover_24h_quote, range_1h_bps, market_return_24h_pct.

    The range is that of the row's bar. Turnover is quote_volume (volume x close where the source has none) of the
    24 bars up to the row's; a missing bar counts as no turnover, so the figure is never too high. The market return is
    the mean 24-hour return of all pairs whose close is known now and 24 hours ago, NaN when none
    is. Candles must reach 24 hours before the first row that matters. Row order is kept.
    """
    if candles_1h.empty:
        keys = candles_1h[["pair", "timestamp_utc"]]
        return keys.assign(turnover_24h_quote=np.nan, range_1h_bps=np.nan, market_return_24h_pct=np.nan)
    hours = bar_numbers(candles_1h["timestamp_utc"], HOURLY)
    first, stop = int(hours.min()), int(hours.max()) + 1
    pairs = tuple(sorted(candles_1h["pair"].unique()))
    grid = lay_on_grid(candles_1h, pairs, first, stop, HOURLY, ("close", "volume", "quote_volume"))
    close, volume, reported = (grid.fields[name] for name in ("close", "volume", "quote_volume"))
    quote_volume = quote_turnover(reported, volume, close)
    rows = pair_places(candles_1h["pair"], pairs), hours - first
    high, low = (candles_1h[side].to_numpy(np.float64) for side in ("high", "low"))
    return candles_1h[["pair", "timestamp_utc"]].assign(
        turnover_24h_quote=known_turnover(quote_volume, DAY_HOURS)[rows],
        range_1h_bps=range_bps(high, low),
        market_return_24h_pct=market_mean(change_pct(close, DAY_HOURS), 1)[rows],
    )
