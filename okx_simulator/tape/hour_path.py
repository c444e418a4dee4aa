"""The path of the price inside an hour: the same whenever asked, and nothing of it is known beforehand.

An hour has a slot for each second; the price changes at their beginnings only, so that between two of them
there is nothing to foresee. The path is a random walk given the bar: it opens, closes and has its extremes as
the bar says, in the order and at the times that such a walk has them (see path_kernels). The walk has a place
every PARTS seconds and Brownian bridges between them. The hour's activity is random too, and carries both the
size of the moves and the volume (Clark 1973, the mixture of distributions). Volume comes at the rate of the hours
before until a random moment, and only then at the rate that makes the hour's total. So the first minutes tell
neither the hour's direction nor its volume.

Pairs move together inside the hour as they do from hour to hour: their draws share a part. Otherwise one
pair's first minutes would tell another pair's later ones.
"""

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars, Floats
from okx_simulator.tape.path_kernels import (
    bridged,
    conditioned_walk,
    level_of,
    log_activity,
    off_levels,
    touching_chances,
)
from okx_simulator.tape.synthetic_parameters import stream_key
from okx_simulator.tape.wicks import walked

SLOTS = 3_600
SLOT_MS = HOUR_MS // SLOTS
PARTS = 6
WALK_PLACES = SLOTS // PARTS
STEPS = WALK_PLACES - 1
MOVE = 0.5  # chance that a step of mean activity moves by a level
# An hour's range in levels. The walk's standard deviation is sqrt(STEPS * MOVE) = 17; its range 1 to 4 of them.
TOPS = np.array([12, 14, 16, 18, 20, 23, 26, 29, 33, 37, 42, 48, 55, 63, 72])
PLACES = 33
LOG_RANGE = 0.42  # mean log range of a random walk in standard deviations
VOLATILITY_SPREAD = 0.42  # of the log volatility of an hour, given the hours before
OFF_LEVEL = 0.08  # standard deviation of the small step off the levels, in levels
# Of the log activity: real five-minute volumes have 0.9 inside an hour, and from one to the next a correlation of 0.4.
SPREAD, MEMORY = 1.2, 0.99
# A wide hour of the market is more uneven: its size came in a burst, not by a trend that could be followed.
UNEVEN_BOUNDS = 0.5, 3.0
EARLY = 0.9  # most of the hour's volume that can have come before the rate changes
TURN_POWER = 8.0  # above 1 the rate changes rather early
PRICE_DIGITS = 12  # significant ones: prices may be as small as 1e-9
CACHED_HOURS = 512


@dataclass(frozen=True)
class HourPath:
    """Prices [SLOTS], each in force from the beginning of its slot, and the share [SLOTS] of the hour's volume
    that is traded up to and including the slot."""

    prices: Floats
    traded: Floats


class Context(NamedTuple):
    """What is known around an hour; NaN where unknown.

    Of the hours before: the usual range, high / low - 1, of a walk, and the usual volume. Of the market: its range in
    this hour in units of the usual one.
    """

    usual_range: float = math.nan
    usual_volume: float = math.nan
    market_widening: float = math.nan


NO_CONTEXT = Context()


def flat_path(price: float) -> HourPath:
    """An hour in which the price does not move."""
    return HourPath(np.full(SLOTS, price), np.arange(1, SLOTS + 1) / SLOTS)


def slot_of(open_ms: int, moment_ms: int) -> int:
    """The slot that is under way at a moment of the hour that opened at `open_ms`; the last one after its end."""
    return min(max((moment_ms - open_ms) // SLOT_MS, 0), SLOTS - 1)


def forming_bar(bar: Bars, path: HourPath, now_ms: int) -> Bars:
    """The bar as far as it has come at `now_ms`: nothing of its future shows in any column."""
    until = slot_of(int(bar.hours[0]) * HOUR_MS, now_ms) + 1
    seen, traded = path.prices[:until], path.traded[:until]
    volume = float(bar.volume[0]) * traded[-1]
    turnover = float(bar.volume[0]) * float(seen @ np.diff(traded, prepend=0.0))
    values = (bar.open[0], seen.max(), seen.min(), seen[-1], round(volume, 8), round(turnover, 8))
    return Bars(bar.hours, *(np.array([float(value)]) for value in values))


@cache
def _log_chances() -> Floats:
    """Log likelihood [PLACES, PLACES, TOPS] of each number of levels where all volatilities are alike.

    It is the walk's chance times levels^3, for the densities of high, low and close, each counted in levels;
    the spacing of log TOPS makes the places of the grid alike.
    """
    chances = touching_chances(TOPS, MOVE, STEPS, PLACES)
    log: Floats = np.log(chances) + 3.0 * np.log(TOPS + 1.0) + np.log(np.gradient(np.log(TOPS + 1.0)))
    return log


def _generator(*key: object) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array(stream_key(*key), np.uint64)))


@dataclass(frozen=True)
class _CommonHour:
    """What all pairs share in an hour: draws [STEPS] and the log activity [WALK_PLACES], standard normal."""

    draws: Floats
    log_activity: Floats


class HourPaths:
    """Paths by seed, pair and hour. `comovement` is the correlation of the pairs' hourly returns, 0 to 1."""

    def __init__(self, seed: int, comovement: float) -> None:
        self._seed = seed
        # Steps that are drawn alike are less alike once each path has to keep to its own bar.
        self._shared = comovement**0.125
        self._path = lru_cache(CACHED_HOURS)(self._drawn)
        self._common = lru_cache(CACHED_HOURS)(self._common_hour)
        # Compiled code is loaded now, in a fresh checkout compiled: the first caller is not to wait for it.
        self._drawn("", 0, 100.0, 101.0, 99.0, 100.5, 1.0, 0.01, Context(0.02, 1.0, 1.0), 1.0)

    def of(
        self, pair: str, bar: Bars, tick: float, context: Context = NO_CONTEXT, walked_share: float = 1.0
    ) -> HourPath:
        """The path of one whole bar; prices inside its range lie on multiples of `tick`.

        The walk makes `walked_share` of the wicks, a single trade at its extreme the rest.
        """
        sides = (float(side[0]) for side in (bar.open, bar.high, bar.low, bar.close))
        return self._path(pair, int(bar.hours[0]), *sides, float(bar.volume[0]), tick, context, walked_share)

    def _common_hour(self, hour: int) -> _CommonHour:
        normal = _generator(self._seed, "hour", hour).standard_normal(STEPS + WALK_PLACES)
        return _CommonHour(normal[:STEPS], log_activity(normal[STEPS:], MEMORY))

    def _drawn(
        self,
        pair: str,
        hour: int,
        opened: float,
        high: float,
        low: float,
        close: float,
        volume: float,
        tick: float,
        context: Context,
        walked_share: float,
    ) -> HourPath:
        common, rng = self._common(hour), _generator(self._seed, "path", pair, hour)
        highest, lowest = (float(walked(opened, side, close, walked_share)) for side in (high, low))
        active = _activity(common.log_activity, context.market_widening)
        traded = np.cumsum(np.repeat(active, PARTS) * rng.standard_exponential(SLOTS))
        prices = np.full(SLOTS, opened)
        if high > low:
            span = highest - lowest
            places = (opened - lowest) / span, (close - lowest) / span
            widening = (highest / lowest - 1.0) / context.usual_range
            top = _levels(*places, widening, float(rng.random()))
            shares = self._shares(*places, top, common.draws, active, rng)
            on_tick = np.round((lowest + shares * span) / tick) * tick
            prices = np.round(on_tick, PRICE_DIGITS - math.floor(math.log10(high))).clip(low, high)
            prices[[0, -1]] = opened, close
            # Where open or close is a last digit short of an extreme, the path still has to reach it in between.
            for extreme, place in (low, np.argmin), (high, np.argmax):
                if extreme not in (opened, close):
                    prices[1 + place(shares[1:-1])] = extreme
        return HourPath(
            prices, paced(traded / traded[-1], volume / context.usual_volume, float(rng.random()))
        )

    def _shares(
        self, opens: float, closes: float, top: int, common: Floats, active: Floats, rng: np.random.Generator
    ) -> Floats:
        """The path [SLOTS] as shares of the range, from `opens` to `closes`, over `top` levels.

        The walk's own time runs as the activity does: a busy place is many steps of it, a quiet one none.
        """
        own, noise = rng.standard_normal((2, WALK_PLACES))
        draws = math.sqrt(self._shared) * common + math.sqrt(1.0 - self._shared) * own[1:]
        steady = np.full(STEPS, MOVE)
        levels = conditioned_walk(level_of(opens, top), level_of(closes, top), top, steady, ndtr(draws))
        passed = np.concatenate([[0.0], np.cumsum(active[1:])])
        levels = levels[np.rint(passed * (STEPS / passed[-1])).astype(np.int64)]
        places = off_levels(levels, top, OFF_LEVEL * noise, opens, closes)
        spread = np.sqrt(MOVE * active[1:] / PARTS) / (top + 1)
        shares: Floats = bridged(places, spread[:, None] * rng.standard_normal((STEPS, PARTS)))
        return shares


def _activity(state: Floats, widening: float) -> Floats:
    """How busy each place [WALK_PLACES] of the hour is, mean one, from its log activity in standard deviations."""
    uneven = min(max(widening, UNEVEN_BOUNDS[0]), UNEVEN_BOUNDS[1]) if widening > 0 else 1.0
    active = np.exp(SPREAD * uneven * state)
    return np.asarray(active / active.mean())


def paced(active: Floats, busier: float, drawn: float) -> Floats:
    """The share of the hour's volume that is traded until each slot, from the share of its activity [slots].

    `busier` is the hour's volume in units of the usual one, NaN where that is unknown: then volume follows activity.
    Until a moment that `drawn` (uniform) chooses, volume is the usual one per activity, whatever the hour will bring.
    """
    if not busier > 0:
        return active
    turn = min(1.0, EARLY * busier) * drawn**TURN_POWER
    return np.asarray(np.interp(active, (0.0, turn, 1.0), (0.0, turn / busier, 1.0)))


def _levels(opens: float, closes: float, widening: float, drawn: float) -> int:
    """How many levels the hour's range has, drawn from what bar and hours before it say of the volatility.

    `widening` is its range in units of the usual one, NaN where that is unknown. A wide hour is partly a volatile
    one and partly one whose walk went far.
    """
    log = _log_chances()[level_of(opens, PLACES - 1), level_of(closes, PLACES - 1)]
    if widening > 0:
        # volatility / usual volatility, where the usual range is LOG_RANGE wide
        surprise = np.log(widening * math.sqrt(STEPS * MOVE) / (TOPS + 1.0)) + LOG_RANGE
        log = log - surprise**2 / (2.0 * VOLATILITY_SPREAD**2)
    chances = np.cumsum(np.exp(log - log.max()))
    return int(TOPS[np.searchsorted(chances, drawn * chances[-1], side="right")])
