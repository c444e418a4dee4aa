"""When the tape's path brings the account's equity down to its maintenance margin."""

from collections.abc import Sequence

import numpy as np

from okx_simulator.account.position_math import MAINTENANCE_RATE, holding_of
from okx_simulator.ledger.rows import PositionRow
from okx_simulator.market.prices import PriceFeed
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Floats
from okx_simulator.tape.tape_paths import SLOT_STARTS, Stretch


def margin_call_ms(
    positions: Sequence[PositionRow], cash: float, market: PriceFeed, from_ms: int, to_ms: int
) -> int | None:
    """The first millisecond in [from, to] with no equity above maintenance; None if there is none."""
    if not positions or from_ms > to_ms:
        return None
    held = [_Held(row, market, from_ms, to_ms) for row in positions]
    for hour in range(from_ms // HOUR_MS, to_ms // HOUR_MS + 1):
        if cash + sum(one.worst(hour) for one in held) > 0:
            continue
        spare = np.full(len(SLOT_STARTS), cash)
        for one in held:
            spare += one.spare(one.prices(hour))
        moments = hour * HOUR_MS + SLOT_STARTS
        in_force = (np.r_[moments[1:], (hour + 1) * HOUR_MS] > from_ms) & (moments <= to_ms)
        exhausted = np.flatnonzero(in_force & (spare <= 0))
        if len(exhausted):
            return max(int(moments[exhausted[0]]), from_ms)
    return None


class _Held:
    """One position and the prices of its pair; an hour without a bar keeps the last close."""

    def __init__(self, row: PositionRow, market: PriceFeed, from_ms: int, to_ms: int) -> None:
        holding = holding_of(row)
        self._size, self._average = float(holding.size * holding.unit), float(holding.average)
        self._before = float(market.at(from_ms // HOUR_MS * HOUR_MS).price(row.inst_id))
        self._stretch: Stretch = market.stretch(row.inst_id, from_ms, to_ms)

    def spare(self, prices: Floats) -> Floats:
        """Profit less maintenance margin at each price."""
        maintenance: Floats = abs(self._size) * prices * float(MAINTENANCE_RATE)
        return self._size * (prices - self._average) - maintenance

    def worst(self, hour: int) -> float:
        """The least spare of the hour."""
        bars = self._stretch.bars.between(hour, hour + 1)
        if len(bars) == 0:
            return float(self.spare(np.array([self._last(hour)]))[0])
        return float(self.spare(np.array([bars.low[0], bars.high[0]])).min())

    def prices(self, hour: int) -> Floats:
        """The price of every slot [SLOTS] of the hour."""
        bars = self._stretch.bars.between(hour, hour + 1)
        if len(bars) == 0:
            return np.full(len(SLOT_STARTS), self._last(hour))
        return self._stretch.path_of(bars).prices

    def _last(self, hour: int) -> float:
        earlier = self._stretch.bars.between(0, hour)
        return float(earlier.close[-1]) if len(earlier) else self._before
