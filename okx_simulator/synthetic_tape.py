"""The synthetic tape: a deterministic function of (seed, pair, hour) from 2020-01-01 on.

Log return of pair i in hour t:

    r = beta_i * s_m * e_m  +  s_i * (e_i - strength * PULL * tanh(z_i))  -  (beta_i^2 s_m^2 + s_i^2) / 2

e are Student-t shocks (4 degrees of freedom, unit variance, cut at 6), s_m and s_i volatilities that
cluster (AR(1) in logs, a common part and an own one) and follow the hour of the day. The last term
makes the price a martingale when nothing is planted.

*The planted part.* x_i, the pair's log price relative to the market factor, is compared with its own
48-hour EMA; z_i is that deviation in units of its long-run standard deviation, known when the hour
opens. The next hour is expected to return -strength * PULL * s_i * tanh(z_i): pairs that ran ahead of
the market fall back over about a day. `strength` 0 removes it exactly, and then nothing that is known
at an hour's open says anything about any later return. At `strength` 1 the cross-sectional rank
correlation of -z with the next 24-hour return is about 0.25, and the best of twelve pairs gains
roughly 0.8 % more than the average pair in a day, well above 0.3 % of round-trip costs.

Volume is lognormal and rises with volatility and with the size of the return; the average price paid
lies inside [low, high]. Prices are multiples of the tick that the pair has in that calendar year.
"""

import math
import threading
from dataclasses import dataclass, field

import numpy as np

from okx_simulator.price_grid import round_to_yearly_ticks
from okx_simulator.synthetic_kernels import log_volatility, own_path
from okx_simulator.synthetic_parameters import DEFAULT_PAIRS, pair_parameters, stream_key
from okx_simulator.tape import Bars, Floats, Hours

EPOCH_HOUR = 438_288  # 2020-01-01T00:00Z in hours since 1970
CHUNK_HOURS = 8_760
PULL = 0.2
MARKET_VOLATILITY = 0.0035
MARKET_VOLATILITY_SPREAD = 0.40
OWN_VOLATILITY_SPREAD = 0.25
MARKET_SHARE_OF_OWN = 0.5
SHOCK_FREEDOM = 4.0
SHOCK_CUT = 6.0


@dataclass
class _Path:
    """What has been generated of one stream, and the state from which it goes on."""

    chunks: int = 0
    state: tuple[float, ...] = ()
    parts: list[tuple[Floats, ...]] = field(default_factory=list)
    joined: tuple[Floats, ...] | None = None

    def columns(self) -> tuple[Floats, ...]:
        if self.joined is None:
            self.joined = tuple(np.concatenate(column) for column in zip(*self.parts, strict=True))
        return self.joined

    def append(self, part: tuple[Floats, ...], state: tuple[float, ...]) -> None:
        self.parts.append(part)
        self.state = state
        self.chunks += 1
        self.joined = None


def _generator(seed: int, stream: str, chunk: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=np.array(stream_key(seed, stream, chunk), np.uint64)))


def _shocks(random: np.random.Generator) -> Floats:
    """Student-t shocks [CHUNK_HOURS] of unit variance, cut at SHOCK_CUT standard deviations."""
    scale = math.sqrt((SHOCK_FREEDOM - 2.0) / SHOCK_FREEDOM)
    shocks: Floats = random.standard_t(SHOCK_FREEDOM, CHUNK_HOURS) * scale
    return shocks.clip(-SHOCK_CUT, SHOCK_CUT)


def _hour_of_day_factor(chunk: int) -> Floats:
    """Volatility factor [CHUNK_HOURS] by UTC hour, mean square 1, highest at 15:00."""
    hours = np.arange(CHUNK_HOURS) + chunk * CHUNK_HOURS
    wave = 1.0 + 0.25 * np.cos(2.0 * np.pi * (hours - 15) / 24.0)
    return np.asarray(wave / math.sqrt(1.0 + 0.25**2 / 2.0), np.float64)


class SyntheticTape:
    """Endless hourly bars of `pairs`, the same for the same seed and strength on every machine."""

    def __init__(
        self,
        pairs: tuple[str, ...] = DEFAULT_PAIRS,
        seed: int = 7,
        strength: float = 1.0,
        start_hour: int = EPOCH_HOUR,
        end_hour: int | None = None,
    ) -> None:
        self.pairs = tuple(pairs)
        self.seed = seed
        self.strength = strength
        self.start_hour = max(start_hour, EPOCH_HOUR)
        self.end_hour = end_hour
        self._parameters = {pair: pair_parameters(pair) for pair in self.pairs}
        self._market = _Path(state=(0.0,))
        self._paths: dict[str, _Path] = {}
        self._bars: dict[str, Bars] = {}
        self._lock = threading.Lock()

    def last_hour(self, pair: str) -> int | None:  # noqa: ARG002 - every pair lives as long as the tape
        return None if self.end_hour is None else self.end_hour - 1

    def describe(self) -> dict[str, object]:
        return {"tape": "synthetic", "seed": self.seed, "strength": self.strength}

    def bars(self, pair: str, end_hour: int) -> Bars:
        if self.end_hour is not None:
            end_hour = min(end_hour, self.end_hour)
        with self._lock:
            known = self._bars.get(pair)
            if known is None or known.hours[-1] + 1 < end_hour:
                known = self._bars[pair] = self._build(pair, end_hour)
        return known.between(self.start_hour, end_hour)

    def planted_z(self, pair: str, end_hour: int) -> tuple[Hours, Floats]:
        """Hours [n] and the z known at each hour's open: the best predictor there is, for tests."""
        bars = self.bars(pair, end_hour)
        known = self._paths[pair].columns()[2]
        return bars.hours, known[bars.hours - EPOCH_HOUR]

    def _build(self, pair: str, end_hour: int) -> Bars:
        wanted = max(end_hour - EPOCH_HOUR, 1)
        chunks = -(-wanted // CHUNK_HOURS)
        while self._market.chunks < chunks:
            self._extend_market()
        path = self._paths.setdefault(pair, _Path(state=(0.0, 0.0, 0.0, self._start_level(pair))))
        while path.chunks < chunks:
            self._extend_pair(pair, path)
        log_close, volatility, _, ups, downs, share, turnover = path.columns()
        log_open = np.r_[self._start_level(pair), log_close[:-1]]
        high = np.exp(np.maximum(log_open, log_close) + 0.4 * volatility * ups)
        low = np.exp(np.minimum(log_open, log_close) - 0.4 * volatility * downs)
        hours = EPOCH_HOUR + np.arange(log_close.size, dtype=np.int64)
        opened, high, low, close = round_to_yearly_ticks(
            hours, np.exp(log_open), high, low, np.exp(log_close)
        )
        average = low + share * (high - low)
        volume = np.round(turnover / average, 6)
        return Bars(hours, opened, high, low, close, volume, np.round(volume * average, 6))

    def _start_level(self, pair: str) -> float:
        return float(np.log(self._parameters[pair].start_price))

    def _extend_market(self) -> None:
        chunk = self._market.chunks
        random = _generator(self.seed, "market", chunk)
        shocks = _shocks(random)
        state = log_volatility(
            random.standard_normal(CHUNK_HOURS), MARKET_VOLATILITY_SPREAD, self._market.state[0]
        )
        volatility = MARKET_VOLATILITY * np.exp(state) * _hour_of_day_factor(chunk)
        end_state = (float(state[-1]) + MARKET_VOLATILITY_SPREAD**2,)
        self._market.append((shocks * volatility, volatility, state), end_state)

    def _extend_pair(self, pair: str, path: _Path) -> None:
        parameters, chunk = self._parameters[pair], path.chunks
        market_step, market_volatility, market_state = self._market.parts[chunk]
        random = _generator(self.seed, pair, chunk)
        level, ema, clustering, log_price = path.state
        own_state = log_volatility(random.standard_normal(CHUNK_HOURS), OWN_VOLATILITY_SPREAD, clustering)
        shared = MARKET_SHARE_OF_OWN * (market_state + MARKET_VOLATILITY_SPREAD**2)
        shared -= (MARKET_SHARE_OF_OWN * MARKET_VOLATILITY_SPREAD) ** 2
        clusters = own_state + shared
        own = parameters.own_volatility * np.exp(clusters) * _hour_of_day_factor(chunk)
        steps, known, level, ema = own_path(
            _shocks(random), own, parameters.own_volatility, self.strength * PULL, level, ema
        )
        variance = (parameters.beta * market_volatility) ** 2 + own**2
        returns = parameters.beta * market_step + steps - variance / 2.0
        log_close = log_price + np.cumsum(returns)
        volatility = np.sqrt(variance)
        liveliness = 0.6 * clusters + 0.35 * np.abs(returns) / volatility
        liveliness += 0.4 * random.standard_normal(CHUNK_HOURS)
        part = (
            log_close,
            volatility,
            known,
            random.standard_exponential(CHUNK_HOURS),
            random.standard_exponential(CHUNK_HOURS),
            random.uniform(0.3, 0.7, CHUNK_HOURS),
            parameters.hourly_turnover * np.exp(liveliness),
        )
        own_end = float(own_state[-1]) + OWN_VOLATILITY_SPREAD**2
        path.append(part, (float(level), float(ema), own_end, float(log_close[-1])))
