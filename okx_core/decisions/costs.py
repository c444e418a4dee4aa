"""What an order in a pair costs at a decision: the account's fee, and the book as it was seen or is assumed."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.features.grid import lay_on_grid, pair_places
from okx_core.features.timeframes import HOURLY, bar_numbers
from okx_core.market.book_model import (
    NARROWEST_SPREAD_BPS,
    assumed_terms,
    fill_offset_bps,
    observed_depth,
    wildness,
)
from okx_core.market.fees import TAKER_FEE_RATE

Array = NDArray[np.float64]

SNAPSHOT_HOURS = 24
OBSERVED, ASSUMED, LEARNED = "snapshot", "turnover", "slippage model"
DEPTHS = tuple(f"{side}_depth_{reach}bps" for side in ("bid", "ask") for reach in (10, 50, 200))
COLUMNS = ("taker_fee_rate", "book_spread_bps", "book_depth_quote")


class Costs(NamedTuple):
    """Arrays of one shape: taker fee as a fraction, spread in bps and quote on the best level of the book."""

    fee_rate: Array
    spread_bps: Array
    depth_quote: Array


def costs_of(rows: pd.DataFrame, unknown_fee: float = TAKER_FEE_RATE) -> Costs:
    """The costs [rows] of rows with COLUMNS. An unknown fee is `unknown_fee`; an unknown book stays NaN."""
    fee, spread, depth = (rows[name].to_numpy(dtype=np.float64) for name in COLUMNS)
    return Costs(np.where(np.isnan(fee), unknown_fee, fee), spread, depth)


@compiled
def slippages_bps(spread_bps: Array, depth_quote: Array, notional_quote: float) -> Array:
    """Distance from mid [rows] that a market order of `notional_quote` pays in each book; NaN where it is unknown."""
    out = np.empty(spread_bps.size)
    for row in range(out.size):
        out[row] = fill_offset_bps(notional_quote, spread_bps[row], depth_quote[row])
    return out


def with_books(rows: pd.DataFrame, snapshots: pd.DataFrame, ranges: pd.DataFrame) -> pd.DataFrame:
    """`rows` with book_spread_bps, book_depth_quote and book_source.

    `rows` has pair, timestamp_utc, turnover_24h_quote and range_1h_bps; `snapshots` the columns of
    market.order_book_snapshots; `ranges` pair, timestamp_utc and range_1h_bps of the hours of the snapshots. A pair
    that was seen in the `SNAPSHOT_HOURS` hours before the row's has the wider spread and the lesser depth of the
    newest snapshot and of their median. It is wider and thinner still by as much as the row's hour has ranged more
    than that of the newest snapshot. A pair that was not seen has the book that its turnover lets assume.
    """
    spread, depth = _assumed(
        rows["turnover_24h_quote"].to_numpy(np.float64), rows["range_1h_bps"].to_numpy(np.float64)
    )
    source = np.full(len(rows), ASSUMED, dtype=object)
    if len(snapshots) and len(rows):
        seen_spread, seen_depth = _observed(rows, snapshots, ranges)
        seen = ~np.isnan(seen_spread) & ~np.isnan(seen_depth)
        spread, depth = np.where(seen, seen_spread, spread), np.where(seen, seen_depth, depth)
        source[seen] = OBSERVED
    return rows.assign(
        book_spread_bps=spread, book_depth_quote=depth, book_source=pd.array(source, dtype="str")
    )


@compiled
def _assumed(turnover: Array, ranged: Array) -> tuple[Array, Array]:
    spread, depth = np.empty(turnover.size), np.empty(turnover.size)
    for row in range(turnover.size):
        spread[row], depth[row] = assumed_terms(turnover[row], ranged[row])
    return spread, depth


def assumed_books(turnover_24h_quote: Array, range_1h_bps: Array) -> tuple[Array, Array]:
    """Spread and depth, in the shape of the arguments, of books that were never seen; NaN where unknown."""
    shape = turnover_24h_quote.shape
    spread, depth = _assumed(turnover_24h_quote.ravel(), range_1h_bps.ravel())
    return spread.reshape(shape), depth.reshape(shape)


def _observed(rows: pd.DataFrame, snapshots: pd.DataFrame, ranges: pd.DataFrame) -> tuple[Array, Array]:
    """Spread and depth [rows] from snapshots of the hours before; NaN where there was none."""
    hours = bar_numbers(rows["timestamp_utc"], HOURLY)
    first, stop = int(hours.min()) - SNAPSHOT_HOURS, int(hours.max()) + 1
    pairs = tuple(sorted(rows["pair"].unique()))
    known = snapshots[snapshots["pair"].isin(pairs)]
    grid = lay_on_grid(known, pairs, first, stop, HOURLY, ("spread_bps", *DEPTHS)).fields
    ranged = lay_on_grid(
        ranges[ranges["pair"].isin(pairs)], pairs, first, stop, HOURLY, ("range_1h_bps",)
    ).fields["range_1h_bps"]
    depths = np.stack([np.fmin(grid[f"bid_{name}"], grid[f"ask_{name}"]) for name in _REACHES])
    spread, depth = _from_snapshots(grid["spread_bps"], depths, ranged)
    places = pair_places(rows["pair"], pairs), hours - first
    return spread[places], depth[places]


_REACHES = ("depth_10bps", "depth_50bps", "depth_200bps")


@compiled
def _from_snapshots(spread: Array, depths: Array, ranged: Array) -> tuple[Array, Array]:
    """Grids [pairs, hours] from grids of spread [pairs, hours] and thinner side [reaches, pairs, hours]."""
    pairs, hours = spread.shape
    out_spread, out_depth = np.full((pairs, hours), np.nan), np.full((pairs, hours), np.nan)
    seen = np.full((pairs, hours), np.nan)
    for pair in range(pairs):
        for hour in range(hours):
            if spread[pair, hour] == spread[pair, hour]:
                seen[pair, hour] = observed_depth(
                    spread[pair, hour], depths[0, pair, hour], depths[1, pair, hour], depths[2, pair, hour]
                )
        for hour in range(1, hours):
            since = max(0, hour - SNAPSHOT_HOURS)
            known = since + np.flatnonzero(~np.isnan(seen[pair, since:hour]))
            if known.size == 0:
                continue
            newest = known[-1]
            wider = wildness(ranged[pair, hour]) / wildness(ranged[pair, newest])
            factor = wider if wider > 1.0 else 1.0
            widest = max(spread[pair, newest], np.median(spread[pair][known]), NARROWEST_SPREAD_BPS)
            out_spread[pair, hour] = factor * widest
            out_depth[pair, hour] = min(seen[pair, newest], np.median(seen[pair][known])) / factor
    return out_spread, out_depth
