"""A pair's place among all pairs of the same hour, and against Bitcoin and Ether.

The market is the point-in-time universe (see `membership`): a pair counts in an hour when it belongs
to the universe of that day and its own value is known. Ranks and means need two such pairs; a pair
outside the universe has no rank, but is still measured against the mean of those inside.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from okx_core.features.bars import Bars, correlation
from okx_core.features.declaration import Array
from okx_core.features.kernels import elementwise
from okx_core.features.kernels.cross_section import MIN_PAIRS, market_mean, market_rank
from okx_core.features.kernels.moments import rolling_comoments

QUOTES = ("USDT", "USDC", "USD")  # which of several pairs of a coin represents it
BETA_HOURS = 72


class CrossSection:
    """The bars of all pairs, in the order of `pairs`, and who belongs to the universe [pairs, bars]."""

    def __init__(self, bars: Bars, pairs: tuple[str, ...], members: NDArray[np.bool_]) -> None:
        self.bars = bars
        self.pairs = pairs
        self.members = members
        self._betas: dict[str, Array] = {}

    def known(self, values: Array, lookback: int) -> Array:
        """`values` where their look-back is known: no pair is compared before it counts itself."""
        return np.where(self.bars.support(lookback) >= lookback, values, np.nan)

    def inside(self, values: Array) -> Array:
        """`values`, NaN outside the universe."""
        return np.where(self.members, values, np.nan)

    def mean(self, values: Array) -> Array:
        """Mean of the universe, the same for every pair."""
        return market_mean(self.inside(values), MIN_PAIRS)

    def rank(self, values: Array) -> Array:
        return market_rank(self.inside(values))

    def of_coin(self, base: str, values: Array) -> Array:
        """The values that represent `base` in each bar, for every pair: the first of its pairs that is known there.

        Chosen bar by bar, so that a pair listed later changes no earlier row. NaN when none is known.
        """
        order = {quote: place for place, quote in enumerate(QUOTES)}
        candidates = [pair for pair in self.pairs if pair.startswith(f"{base}-")]
        candidates.sort(key=lambda pair: (order.get(pair.split("-")[1], len(order)), pair))
        row = np.full(values.shape[1], np.nan)
        for pair in candidates:
            row = np.where(np.isnan(row), values[self.pairs.index(pair)], row)
        return np.ascontiguousarray(np.broadcast_to(row, values.shape))

    @cached_property
    def return_24_pct(self) -> Array:
        """24-hour return of each pair."""
        return self.known(self.bars.return_24_pct, 25)

    @cached_property
    def ema_deviation_48_pct(self) -> Array:
        deviation = 100.0 * (self.bars.close / self.bars.ema(48) - 1.0)
        return self.known(deviation, 96)

    @cached_property
    def turnover_rank(self) -> Array:
        return self.rank(self.bars.quote_volume)

    def correlation(self, base: str, hours: int) -> Array:
        """Correlation of the last log returns with those of `base`; 0 where either is flat."""
        returns = self.bars.log_return
        return correlation(returns, self.of_coin(base, returns), hours)

    def beta(self, base: str) -> Array:
        """Slope of the last `BETA_HOURS` log returns on those of `base`; 0 where `base` is flat."""
        if base not in self._betas:
            returns = self.bars.log_return
            moments = rolling_comoments(returns, self.of_coin(base, returns), BETA_HOURS)
            _, base_squares, products = moments
            self._betas[base] = elementwise.ratio(products, base_squares, 0.0)
        return self._betas[base]
