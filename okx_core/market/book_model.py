"""The modelled order book: one definition for the simulator's matching, the gates and the backtest's fills.

Each side is a ladder around the mid. The best level is half the spread away, every further level another
`LEVEL_STEP_BPS`. Near the mid little rests and more with each step, as in the recorded books, until `RAMP_LEVELS`:

    distance of level k  = spread_bps / 2 + k * LEVEL_STEP_BPS        k = 0, 1, 2, ...
    notional on level k  = depth_quote * min(k + 1, RAMP_LEVELS)

An order that stays within the ramp pays about the square root of its size, as is found of most markets (Toth et al.,
2011). Two numbers describe a book, its spread and the quote on its best level. They come from

- `observed_depth`: a snapshot of the pair, the thinner side and the worst of its reaches;
- `book_model`: the simulated market, and what turnover says of a pair. Spread and depth follow the turnover of the
  last 24 closed hours and how far the price has ranged of late. Twice the range widens the spread twice and halves the
  depth: market makers keep the risk of their quotes, volatility times what rests, about constant;
- `assumed_terms`: what gates and backtest assume of a pair without a snapshot, `UNSEEN_FACTOR` times as wide and
  thin, because turnover cannot tell the venue.

Measured on OKX's BTC-USDT on 2022-05-13 16:27 UTC, in an hour of 270 bps and with about a fifth of Binance's
turnover, 0.7e9 quote: 0.29 and 0.34 million within 10 bps of mid; the model says 0.41. The book refills at once: an
order never sees the hole the one before it left.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

LEVEL_STEP_BPS = 1.0
MAX_LEVELS = 400
RAMP_LEVELS = 10

NARROWEST_SPREAD_BPS = 0.3
WIDEST_SPREAD_BPS = 100.0
SPREAD_AT_ONE_MILLION_BPS = 10.0
SPREAD_EXPONENT = 0.45

THINNEST_DEPTH_QUOTE = 4.0
THICKEST_DEPTH_QUOTE = 90_000.0
DEPTH_PER_TURNOVER = 3.6e-5

UNSEEN_FACTOR = 3.0  # spreads of small venues are this much wider than those of equal turnover, see the tests

USUAL_RANGE_BPS = 80.0
CALMEST, WILDEST = 0.5, 30.0  # the range in units of the usual one that still makes a difference


@dataclass(frozen=True)
class BookModel:
    """Spread in basis points of mid, and quote notional resting on the best level of each side."""

    spread_bps: float
    depth_quote: float

    @property
    def capacity_quote(self) -> float:
        """Quote notional one side holds before its last level is used up."""
        return self.depth_quote * float(units_within(float(MAX_LEVELS - 1)))


WORST_BOOK = BookModel(WIDEST_SPREAD_BPS, THINNEST_DEPTH_QUOTE)


def range_bps(high: NDArray[np.float64], low: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far a bar's price ranged, in basis points of its low; NaN where a side is unknown."""
    ranged: NDArray[np.float64] = (high / low - 1.0) * 1e4
    return ranged


def book_model(turnover_24h_quote: float, range_1h_bps: float) -> BookModel:
    """The book of a pair that turned over `turnover_24h_quote` in its last 24 closed hours.

    `range_1h_bps` is the range of the last closed hour; while a bar is forming, of that one if it is wider.
    Unknown turnover or range (NaN), zero or negative turnover and a negative range get the worst book.
    """
    spread, depth = book_terms(turnover_24h_quote, range_1h_bps)
    return BookModel(spread_bps=spread, depth_quote=depth)


@compiled
def wildness(range_1h_bps: float) -> float:
    """The range in units of the usual one, between CALMEST and WILDEST; NaN where it is unknown."""
    if not range_1h_bps >= 0.0:
        return math.nan
    return min(max(range_1h_bps / USUAL_RANGE_BPS, CALMEST), WILDEST)


@compiled
def book_terms(turnover_24h_quote: float, range_1h_bps: float) -> tuple[float, float]:
    """Spread in bps and depth in quote of `book_model`, for compiled callers."""
    if not (
        math.isfinite(turnover_24h_quote) and turnover_24h_quote > 0.0 and 0.0 <= range_1h_bps < math.inf
    ):
        return WIDEST_SPREAD_BPS, THINNEST_DEPTH_QUOTE
    wild = wildness(range_1h_bps)
    spread = wild * SPREAD_AT_ONE_MILLION_BPS * (1e6 / turnover_24h_quote) ** SPREAD_EXPONENT
    depth = turnover_24h_quote * DEPTH_PER_TURNOVER / wild
    return (
        min(max(spread, NARROWEST_SPREAD_BPS), WIDEST_SPREAD_BPS),
        min(max(depth, THINNEST_DEPTH_QUOTE), THICKEST_DEPTH_QUOTE),
    )


@compiled
def _filled_levels(levels: float) -> float:
    """Notional of the first `levels` levels in units of the best one's."""
    ramp = min(levels, float(RAMP_LEVELS))
    return ramp * (ramp + 1.0) / 2.0 + max(levels - RAMP_LEVELS, 0.0) * RAMP_LEVELS


@compiled
def units_within(distance_bps: float) -> float:
    """What rests at most this far behind the best level, in units of the quote on that level; 0 below zero."""
    if not distance_bps >= 0.0:
        return 0.0
    return _filled_levels(math.floor(distance_bps / LEVEL_STEP_BPS) + 1.0)


@compiled
def observed_depth(spread_bps: float, depth_10bps: float, depth_50bps: float, depth_200bps: float) -> float:
    """`depth_quote` of a book of which the quote within 10, 50 and 200 bps of mid was seen.

    The least that follows from one of the reaches. A reach that is unknown (NaN) or ends before the best quote is left
    out; NaN when none is left.
    """
    least = math.nan
    for reach, depth in ((10.0, depth_10bps), (50.0, depth_50bps), (200.0, depth_200bps)):
        units = units_within(reach - spread_bps / 2.0)
        if depth == depth and units > 0.0 and not depth / units >= least:
            least = depth / units
    return least


@compiled
def assumed_terms(turnover_24h_quote: float, range_1h_bps: float) -> tuple[float, float]:
    """Spread in bps and depth in quote that are assumed of a pair whose book was never seen; NaN where unknown."""
    if not (turnover_24h_quote == turnover_24h_quote and range_1h_bps == range_1h_bps):
        return math.nan, math.nan
    spread, depth = book_terms(turnover_24h_quote, range_1h_bps)
    return (
        min(UNSEEN_FACTOR * spread, WIDEST_SPREAD_BPS),
        max(depth / UNSEEN_FACTOR, THINNEST_DEPTH_QUOTE),
    )


@compiled
def fill_offset_bps(notional: float, spread_bps: float, depth_quote: float) -> float:
    """Average distance from mid, in bps, that a market order of `notional` quote pays.

    An order of zero pays half the spread. Beyond MAX_LEVELS the ladder is continued, so the cost
    keeps rising. NaN in any argument, or a depth of zero or less, gives NaN: cost unknown.
    """
    if not (notional >= 0.0 and spread_bps >= 0.0 and depth_quote > 0.0):
        return math.nan
    units = notional / depth_quote
    if units == 0.0:
        return spread_bps / 2.0
    ramp = RAMP_LEVELS * (RAMP_LEVELS + 1.0) / 2.0
    if units <= ramp:
        full = math.floor((math.sqrt(1.0 + 8.0 * units) - 1.0) / 2.0)
        walked = (full - 1.0) * full * (full + 1.0) / 3.0
    else:
        full = RAMP_LEVELS + math.floor((units - ramp) / RAMP_LEVELS)
        walked = (RAMP_LEVELS - 1.0) * RAMP_LEVELS * (RAMP_LEVELS + 1.0) / 3.0
        walked += RAMP_LEVELS * (full * (full - 1.0) - RAMP_LEVELS * (RAMP_LEVELS - 1.0)) / 2.0
    rest = units - _filled_levels(full)
    return spread_bps / 2.0 + LEVEL_STEP_BPS * (walked + rest * full) / units


def ladder_prices(mid: float, book: BookModel, side: str, levels: int = MAX_LEVELS) -> NDArray[np.float64]:
    """Prices [levels] of one side, best first, before rounding to the tick; `side` is 'ask' or 'bid'.

    Bid levels stop above zero.
    """
    steps = np.arange(min(levels, MAX_LEVELS), dtype=np.float64)
    distance: NDArray[np.float64] = (book.spread_bps / 2.0 + steps * LEVEL_STEP_BPS) * 1e-4
    return mid * (1.0 + distance) if side == "ask" else mid * (1.0 - distance)


def ladder_quotes(book: BookModel, levels: int = MAX_LEVELS) -> NDArray[np.float64]:
    """Quote notional [levels] that rests on each level of a side, best first."""
    steps = np.arange(1, min(levels, MAX_LEVELS) + 1, dtype=np.float64)
    quotes: NDArray[np.float64] = book.depth_quote * np.minimum(steps, RAMP_LEVELS)
    return quotes
