"""Public trades read off the tape: one every six seconds of the path, the same whenever asked.

A trade has the path's price at its moment and the volume since the one before. The taker buys where the path
rose and sells where it fell; where it stayed he does as before. Trade ids count six seconds since 1970, so they
grow and never repeat.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from okx_core.market.instruments import Instrument
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars, Floats
from okx_simulator.tape.hour_path import SLOTS, HourPath, slot_of

TRADES_PER_HOUR = 600
TRADE_MS = HOUR_MS // TRADES_PER_HOUR
SLOTS_A_TRADE = SLOTS // TRADES_PER_HOUR


@dataclass(frozen=True)
class PublicTrade:
    """One trade; price in quote, size in base or contracts, `side` is the taker's."""

    trade_id: int
    price: Decimal
    size: Decimal
    side: str
    traded_ms: int


def trades_of(
    hourly: Sequence[tuple[Bars, HourPath]],
    instrument: Instrument,
    now_ms: int,
    count: int,
    unit: Decimal = Decimal(1),
) -> list[PublicTrade]:
    """The newest `count` trades up to `now_ms`, newest first; bars are whole ones. A size counts `unit` base."""
    found: list[PublicTrade] = []
    for bar, path in reversed(hourly):
        newest = slot_of(int(bar.hours[0]) * HOUR_MS, now_ms) // SLOTS_A_TRADE
        chosen = range(newest, max(newest - (count - len(found)), -1), -1)
        found += _trades(bar, path, instrument, chosen, unit)
    return found


def _trades(
    bar: Bars, path: HourPath, instrument: Instrument, chosen: range, unit: Decimal
) -> Iterator[PublicTrade]:
    first = int(bar.hours[0]) * TRADES_PER_HOUR
    prices = path.prices[::SLOTS_A_TRADE]
    # Up to and including a trade's own slot: what follows belongs to the next trade, which is still to come.
    sizes = float(bar.volume[0]) * np.diff(path.traded[::SLOTS_A_TRADE], prepend=0.0)
    rising = _takers_buy(prices)
    for number in chosen:
        price = instrument.floor_price(Decimal(repr(float(prices[number]))))
        size = instrument.floor_size(Decimal(repr(float(sizes[number]))) / unit)
        yield PublicTrade(
            trade_id=first + number,
            price=max(price, instrument.tick),
            size=max(size, instrument.lot),
            side="buy" if rising[number] else "sell",
            traded_ms=(first + number) * TRADE_MS,
        )


def _takers_buy(prices: Floats) -> NDArray[np.bool_]:
    """Whether the taker buys, by trade: the direction of the last change; a buyer before the first one."""
    changes = np.diff(prices, prepend=prices[0])
    latest = np.maximum.accumulate(np.where(changes != 0, np.arange(len(prices)), 0))
    rising: NDArray[np.bool_] = changes[latest] >= 0
    return rising
