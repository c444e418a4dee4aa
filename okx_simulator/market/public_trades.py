"""Public trades read off the tape: evenly spaced along the path of a bar, the same whenever asked.

A bar's volume is shared out evenly; the taker's side follows the direction of the path, with every
fourth trade against it. Trade ids count slots since 1970, so they grow and never repeat.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from okx_core.market.instruments import Instrument
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars, path_points

TRADES_PER_HOUR = 600
SLOT_MS = HOUR_MS // TRADES_PER_HOUR
AGAINST_EVERY = 4


@dataclass(frozen=True)
class PublicTrade:
    """One trade; price in quote, size in base or contracts, `side` is the taker's."""

    trade_id: int
    price: Decimal
    size: Decimal
    side: str
    traded_ms: int


def trades_of(
    bars: Bars, instrument: Instrument, now_ms: int, count: int, unit: Decimal = Decimal(1)
) -> list[PublicTrade]:
    """The newest `count` trades up to `now_ms`, newest first; `bars` are whole ones. A size counts `unit` base."""
    found: list[PublicTrade] = []
    for index in range(len(bars) - 1, -1, -1):
        bar = bars[index : index + 1]
        first = int(bar.hours[0]) * TRADES_PER_HOUR
        newest = min(now_ms // SLOT_MS, first + TRADES_PER_HOUR - 1)
        oldest = max(first, newest - (count - len(found)) + 1)
        found += [_trade(bar, instrument, slot, unit) for slot in range(newest, oldest - 1, -1)]
        if len(found) >= count:
            break
    return found


def _trade(bar: Bars, instrument: Instrument, slot: int, unit: Decimal) -> PublicTrade:
    times, prices = path_points(bar)
    fraction = slot % TRADES_PER_HOUR / TRADES_PER_HOUR
    price = Decimal(repr(float(np.interp(fraction, times, prices))))
    leg = min(int(np.searchsorted(times, fraction, side="right")), len(times) - 1)
    rising = bool(prices[leg] >= prices[leg - 1])
    size = instrument.floor_size(Decimal(repr(float(bar.volume[0]))) / TRADES_PER_HOUR / unit)
    return PublicTrade(
        trade_id=slot,
        price=max(instrument.floor_price(price), instrument.tick),
        size=max(size, instrument.lot),
        side="buy" if rising != (slot % AGAINST_EVERY == 0) else "sell",
        traded_ms=slot * SLOT_MS,
    )
