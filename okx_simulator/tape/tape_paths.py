"""The paths inside the hours of a tape: each bar's own path, on the tick that the pair has in that year."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars, Floats, Hours, Tape
from okx_simulator.tape.hour_path import (
    CACHED_HOURS,
    NO_CONTEXT,
    SLOT_MS,
    SLOTS,
    Context,
    HourPath,
    HourPaths,
    slot_of,
)
from okx_simulator.tape.price_grid import PriceGrid, price_grid, year_start
from okx_simulator.tape.wicks import walked

USUAL_HOURS = 24
MARKET_PAIRS = 8  # the first ones of the tape are the market
SLOT_STARTS = np.arange(SLOTS, dtype=np.int64) * SLOT_MS


@dataclass(frozen=True)
class Stretch:
    """Whole bars and the path inside each. What is later than the clock is for the caller to cut off."""

    bars: Bars
    path_of: Callable[[Bars], HourPath]

    def hour(self, row: int, from_ms: int, to_ms: int) -> tuple[Hours, Floats]:
        """Moments [m] and prices [m] of one bar in [from, to]: the price in force at first, then every slot's."""
        bar = self.bars[row : row + 1]
        open_ms = int(bar.hours[0]) * HOUR_MS
        if to_ms < open_ms or from_ms >= open_ms + HOUR_MS:
            return np.empty(0, np.int64), np.empty(0)
        chosen = slice(slot_of(open_ms, from_ms), slot_of(open_ms, to_ms) + 1)
        moments = np.maximum(open_ms + SLOT_STARTS[chosen], from_ms)
        return moments, self.path_of(bar).prices[chosen]

    def steps(self, from_ms: int, to_ms: int) -> tuple[Hours, Floats]:
        """The same of all bars, one after the other."""
        parts = [self.hour(row, from_ms, to_ms) for row in range(len(self.bars))]
        moments = np.concatenate([np.empty(0, np.int64), *(part[0] for part in parts)])
        return moments, np.concatenate([np.empty(0), *(part[1] for part in parts)])


class TapePaths:
    """The paths of a tape's bars, and the grid of prices they lie on."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._paths = HourPaths(tape.seed, tape.comovement)
        self._grids: dict[tuple[str, int], PriceGrid] = {}
        self._market_widening = lru_cache(CACHED_HOURS)(self._widening)

    def grid(self, pair: str, hour: int) -> PriceGrid:
        """Tick and lot of the calendar year of `hour`, which the pair's first price of that year implies."""
        key = (pair, year_start(hour))
        if key not in self._grids:
            bars = self._tape.bars(pair, hour + 1)
            self._grids[key] = price_grid(float(bars.between(key[1], hour + 1).open[0]))
        return self._grids[key]

    def of(self, pair: str, bar: Bars) -> HourPath:
        """The path of one whole bar of the pair."""
        hour = int(bar.hours[0])
        tick, share = float(self.grid(pair, hour).tick), self._tape.walked_share(pair)
        return self._paths.of(pair, bar, tick, self._context(pair, hour, share), share)

    def _context(self, pair: str, hour: int, share: float) -> Context:
        """Of the USUAL_HOURS bars before the hour: the geometric mean range of the walks of those that moved, and
        the volume between their mean and the last one's.
        """
        bars = self._tape.bars(pair, hour)[-USUAL_HOURS:]
        if not len(bars):
            return NO_CONTEXT
        volume = math.sqrt(float(bars.volume.mean()) * float(bars.volume[-1]))
        high, low = (walked(bars.open, side, bars.close, share) for side in (bars.high, bars.low))
        return Context(_usual_range(high, low), volume or math.nan, self._market_widening(hour))

    def _widening(self, hour: int) -> float:
        """The geometric mean of some pairs' ranges in the hour, each in units of its own usual one; NaN without any."""
        found = []
        for pair in self._tape.pairs[:MARKET_PAIRS]:
            bars = self._tape.bars(pair, hour + 1)[-1 - USUAL_HOURS :]
            if len(bars) > 1 and bars.hours[-1] == hour and bars.high[-1] > bars.low[-1]:
                usual = _usual_range(bars.high[:-1], bars.low[:-1])
                found.append(math.log((bars.high[-1] / bars.low[-1] - 1.0) / usual))
        known = [value for value in found if math.isfinite(value)]
        return math.exp(sum(known) / len(known)) if known else math.nan

    def each(self, pair: str, bars: Bars) -> Iterator[tuple[Bars, HourPath]]:
        """Every bar with its path."""
        for row in range(len(bars)):
            bar = bars[row : row + 1]
            yield bar, self.of(pair, bar)

    def stretch(self, pair: str, from_ms: int, to_ms: int) -> Stretch:
        """The bars in which [from, to] lies."""
        bars = self._tape.bars(pair, to_ms // HOUR_MS + 1)
        return Stretch(bars.between(from_ms // HOUR_MS, to_ms // HOUR_MS + 1), lambda bar: self.of(pair, bar))


def _usual_range(high: Floats, low: Floats) -> float:
    """Geometric mean range, high / low - 1, of the bars that moved; NaN without any."""
    ranges = high / low - 1.0
    ranges = ranges[ranges > 0]
    return float(np.exp(np.log(ranges).mean())) if len(ranges) else math.nan
