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
roughly 0.7 % more than the average pair in a day, well above 0.3 % of round-trip costs.

An hour opens within a few basis points of the close before it. Its high and low are those of a random walk
with the hour's own volatility, which is likely to be high where the shock is large. Volume is lognormal and rises with
volatility and with the size of the return; the average price paid lies inside [low, high]. Prices are
multiples of the tick that the pair has in that calendar year.
"""

import threading

import numpy as np

from okx_simulator.tape.bars import Bars, Floats, Hours, joined
from okx_simulator.tape.synthetic_parameters import DEFAULT_PAIRS, pair_parameters
from okx_simulator.tape.synthetic_paths import CHUNK_HOURS, COMOVEMENT, EPOCH_HOUR, MarketPath, PairPath


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
        self.comovement = COMOVEMENT
        self.strength = strength
        self.start_hour = max(start_hour, EPOCH_HOUR)
        self.end_hour = end_hour
        self._market = MarketPath(seed)
        self._paths = {pair: PairPath(seed, pair, pair_parameters(pair), strength) for pair in self.pairs}
        self._bars: dict[str, Bars] = {}
        self._known: dict[str, list[Floats]] = {pair: [] for pair in self.pairs}
        self._lock = threading.Lock()

    def walked_share(self, pair: str) -> float:  # noqa: ARG002 - highs and lows are those of walks
        return 1.0

    def last_hour(self, pair: str) -> int | None:  # noqa: ARG002 - every pair lasts as long as the tape
        return None if self.end_hour is None else self.end_hour - 1

    def describe(self) -> dict[str, object]:
        return {"tape": "synthetic", "seed": self.seed, "strength": self.strength}

    def bars(self, pair: str, end_hour: int) -> Bars:
        if self.end_hour is not None:
            end_hour = min(end_hour, self.end_hour)
        with self._lock:
            self._generate(pair, end_hour)
            return self._bars[pair].between(self.start_hour, end_hour)

    def planted_z(self, pair: str, end_hour: int) -> tuple[Hours, Floats]:
        """Hours [n] and the z known at each hour's open: the best predictor there is, for tests."""
        hours = self.bars(pair, end_hour).hours
        return hours, np.concatenate(self._known[pair])[hours - EPOCH_HOUR]

    def _generate(self, pair: str, end_hour: int) -> None:
        path = self._paths[pair]
        missing = max(-(-(end_hour - EPOCH_HOUR) // CHUNK_HOURS), 1) - path.chunks
        if missing <= 0:
            return
        parts = [self._bars[pair]] if path.chunks else []
        for _ in range(missing):
            bars, known = path.extend(self._market)
            parts.append(bars)
            self._known[pair].append(known)
        self._bars[pair] = joined(parts)
