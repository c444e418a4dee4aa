"""The streams behind the synthetic tape, generated chunk by chunk; each goes on where it stopped."""

import math
from dataclasses import dataclass, field

import numpy as np

from okx_simulator.tape.bars import Bars, Floats
from okx_simulator.tape.price_grid import round_to_yearly_ticks
from okx_simulator.tape.synthetic_kernels import log_volatility, own_path, walk_extremes
from okx_simulator.tape.synthetic_parameters import PairParameters, stream_key

EPOCH_HOUR = 438_288  # 2020-01-01T00:00Z in hours since 1970
CHUNK_HOURS = 8_760
PULL = 0.2
MARKET_VOLATILITY = 0.0035
MARKET_VOLATILITY_SPREAD = 0.40
OWN_VOLATILITY_SPREAD = 0.25
# Correlation of two pairs' hourly returns: the market's share of the variance of a pair with usual parameters.
COMOVEMENT = 0.4
MARKET_SHARE_OF_OWN = 0.5
SHOCK_FREEDOM = 4.0
SHOCK_CUT = 6.0
# Parts of an hour within which the extremes of its random walk are drawn.
WALK_STEPS = 12
# The first trade of an hour falls on either side of the last one before it: about a spread apart.
OPENING_GAP = 2e-4


def _generator(seed: int, stream: str, chunk: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array(stream_key(seed, stream, chunk), np.uint64)))


def _shocks(random: np.random.Generator) -> Floats:
    """Student-t shocks [CHUNK_HOURS] of unit variance, cut at SHOCK_CUT standard deviations."""
    scale = math.sqrt((SHOCK_FREEDOM - 2.0) / SHOCK_FREEDOM)
    shocks: Floats = random.standard_t(SHOCK_FREEDOM, CHUNK_HOURS) * scale
    return shocks.clip(-SHOCK_CUT, SHOCK_CUT)


def _hour_of_day_factor(chunk: int) -> Floats:
    """Volatility factor [CHUNK_HOURS] by UTC hour, mean square 1, highest at 15:00."""
    hours = np.arange(CHUNK_HOURS, dtype=np.float64) + chunk * CHUNK_HOURS
    wave: Floats = 1.0 + 0.25 * np.cos(2.0 * np.pi * (hours - 15.0) / 24.0)
    return wave / math.sqrt(1.0 + 0.25**2 / 2.0)


def _variances(random: np.random.Generator, shocks: Floats) -> Floats:
    """The variance [CHUNK_HOURS] of each hour's walk, in units of the long-run one, given the hour's shock.

    A Student-t shock is a normal one whose precision is Gamma((f + 1) / 2, (f + shock^2) / 2) afterwards.
    """
    scale = (SHOCK_FREEDOM - 2.0) / SHOCK_FREEDOM
    rate = (SHOCK_FREEDOM + shocks**2 / scale) / 2.0
    precision = random.standard_gamma((SHOCK_FREEDOM + 1.0) / 2.0, CHUNK_HOURS) / rate
    variances: Floats = scale / precision
    return variances


def _walk(random: np.random.Generator, shocks: Floats, volatility: Floats) -> Floats:
    """Steps [CHUNK_HOURS, WALK_STEPS] of the walks inside hours with these shocks; each has an hour's size."""
    spread = volatility * np.sqrt(_variances(random, shocks))
    steps: Floats = spread[:, None] * random.standard_normal((CHUNK_HOURS, WALK_STEPS))
    return steps


@dataclass(frozen=True)
class MarketChunk:
    """The common factor's log steps, its volatility and the clustering behind it, each [CHUNK_HOURS], and its
    walk [CHUNK_HOURS, WALK_STEPS] inside each hour, in log steps of an hour's size."""

    steps: Floats
    volatility: Floats
    clustering: Floats
    walk: Floats


@dataclass
class MarketPath:
    """The common factor; its chunks are kept, since every pair reads them."""

    seed: int
    chunks: list[MarketChunk] = field(default_factory=list)
    _state: float = 0.0

    def chunk(self, number: int) -> MarketChunk:
        while len(self.chunks) <= number:
            self._extend()
        return self.chunks[number]

    def _extend(self) -> None:
        number = len(self.chunks)
        random = _generator(self.seed, "market", number)
        shocks = _shocks(random)
        clustering = log_volatility(
            random.standard_normal(CHUNK_HOURS), MARKET_VOLATILITY_SPREAD, self._state
        )
        self._state = float(clustering[-1]) + MARKET_VOLATILITY_SPREAD**2
        volatility = MARKET_VOLATILITY * np.exp(clustering) * _hour_of_day_factor(number)
        walk = _walk(_generator(self.seed, "market inside", number), shocks, volatility)
        self.chunks.append(MarketChunk(shocks * volatility, volatility, clustering, walk))


@dataclass
class PairPath:
    """One pair: only the state at the end of what has been generated."""

    seed: int
    pair: str
    parameters: PairParameters
    strength: float
    chunks: int = 0
    _own_level: float = 0.0
    _own_ema: float = 0.0
    _clustering: float = 0.0
    _log_price: float = 0.0
    _tick_powers: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._log_price = math.log(self.parameters.start_price)

    def extend(self, market: MarketPath) -> tuple[Bars, Floats]:
        """The next chunk's bars and the z known when each of them opens."""
        number = self.chunks
        factor = market.chunk(number)
        random = _generator(self.seed, self.pair, number)
        clustering = self._clusters(random, factor)
        own = self.parameters.own_volatility * np.exp(clustering) * _hour_of_day_factor(number)
        shocks, inside = _shocks(random), _generator(self.seed, f"{self.pair} inside", number)
        steps, known = self._own_steps(shocks, own)
        variance = (self.parameters.beta * factor.volatility) ** 2 + own**2
        returns = self.parameters.beta * factor.steps + steps - variance / 2.0
        walk = self.parameters.beta * factor.walk + _walk(inside, shocks, own)
        beyond = inside.standard_exponential((CHUNK_HOURS, WALK_STEPS, 2))
        activity = 0.6 * clustering + 0.35 * np.abs(returns) / np.sqrt(variance)
        bars = self._bars(random, returns, activity, walk, beyond)
        self.chunks += 1
        return bars, known

    def _clusters(self, random: np.random.Generator, factor: MarketChunk) -> Floats:
        """Log volatility of the pair's own part: an own cluster and a share of the market's."""
        own = log_volatility(random.standard_normal(CHUNK_HOURS), OWN_VOLATILITY_SPREAD, self._clustering)
        self._clustering = float(own[-1]) + OWN_VOLATILITY_SPREAD**2
        shared = MARKET_SHARE_OF_OWN * (factor.clustering + MARKET_VOLATILITY_SPREAD**2)
        clusters: Floats = own + shared - (MARKET_SHARE_OF_OWN * MARKET_VOLATILITY_SPREAD) ** 2
        return clusters

    def _own_steps(self, shocks: Floats, own: Floats) -> tuple[Floats, Floats]:
        steps, known, self._own_level, self._own_ema = own_path(
            shocks,
            own,
            self.parameters.own_volatility,
            self.strength * PULL,
            self._own_level,
            self._own_ema,
        )
        return steps, known

    def _bars(
        self, random: np.random.Generator, returns: Floats, activity: Floats, walk: Floats, beyond: Floats
    ) -> Bars:
        """Bars of log returns [n]: open is about the close before, volume follows activity.

        The extremes are those of the walk inside the hour, see walk_extremes.
        """
        log_close = self._log_price + np.cumsum(returns)
        before = np.r_[self._log_price, log_close[:-1]]
        self._log_price = float(log_close[-1])
        activity = activity + 0.4 * random.standard_normal(CHUNK_HOURS)
        middle = random.uniform(0.3, 0.7, CHUNK_HOURS)
        log_open = before + OPENING_GAP * random.standard_normal(CHUNK_HOURS)
        highest, lowest = walk_extremes(log_open, log_close, walk, beyond)
        hours = EPOCH_HOUR + self.chunks * CHUNK_HOURS + np.arange(CHUNK_HOURS, dtype=np.int64)
        opened, high, low, close = round_to_yearly_ticks(
            hours,
            self._tick_powers,
            np.exp(log_open),
            np.exp(highest),
            np.exp(lowest),
            np.exp(log_close),
        )
        average = low + middle * (high - low)
        volume = np.round(self.parameters.hourly_turnover * np.exp(activity) / average, 6)
        return Bars(hours, opened, high, low, close, volume, np.round(volume * average, 6))
