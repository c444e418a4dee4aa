"""Public trades read off the tape: one a slot of the path, the same whenever asked.

A trade has the path's price and the slot's share of the hour's volume. The taker buys where the path rises and
sells where it falls; where it stays he does as before. Trade ids count slots since 1970, so they grow and never
repeat.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from okx_core.market.instruments import Instrument
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import Bars
from okx_simulator.tape.hour_path import SLOT_MS, SLOTS, HourPath, slot_of

TRADES_PER_HOUR = SLOTS


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
        newest = slot_of(int(bar.hours[0]) * HOUR_MS, now_ms)
        slots = range(newest, max(newest - (count - len(found)), -1), -1)
        found += _trades(bar, path, instrument, slots, unit)
    return found


def _trades(
    bar: Bars, path: HourPath, instrument: Instrument, slots: range, unit: Decimal
) -> Iterator[PublicTrade]:
    first = int(bar.hours[0]) * TRADES_PER_HOUR
    sizes = float(bar.volume[0]) * np.diff(path.traded, prepend=0.0)
    rising = _takers_buy(path)
    for slot in slots:
        price = instrument.floor_price(Decimal(repr(float(path.prices[slot]))))
        size = instrument.floor_size(Decimal(repr(float(sizes[slot]))) / unit)
        yield PublicTrade(
            trade_id=first + slot,
            price=max(price, instrument.tick),
            size=max(size, instrument.lot),
            side="buy" if rising[slot] else "sell",
            traded_ms=(first + slot) * SLOT_MS,
        )


def _takers_buy(path: HourPath) -> NDArray[np.bool_]:
    """Whether the taker buys, by slot: the direction of the last change; a buyer before the first one."""
    changes = np.diff(path.prices, prepend=path.prices[0])
    latest = np.maximum.accumulate(np.where(changes != 0, np.arange(SLOTS), 0))
    rising: NDArray[np.bool_] = changes[latest] >= 0
    return rising
