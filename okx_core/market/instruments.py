"""Instruments and their steps of price and size. Both are Decimal: this is the money path."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def ceil_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    return (value / step).to_integral_value(ROUND_CEILING) * step


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """True when `value` is a whole multiple of `step`."""
    return value % step == 0


@dataclass(frozen=True)
class Instrument:
    """A spot pair: sizes are base units, prices quote per base; `state` 'live' means tradable.

    `delist_time` is set once the exchange has announced the end of the pair."""

    inst_id: str
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_size: Decimal
    list_time: datetime | None
    state: str
    delist_time: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.state == "live"

    @property
    def dust_base(self) -> Decimal:
        """A position of at most this size counts as none: less than one order can sell."""
        return max(self.lot, self.min_size)

    @property
    def tolerance_base(self) -> Decimal:
        """How far two counts of one position may differ."""
        return self.lot

    def floor_size(self, size: Decimal) -> Decimal:
        """`size` rounded down to a lot: what can be sold of a balance after fees."""
        return floor_to_step(size, self.lot)

    def floor_price(self, price: Decimal) -> Decimal:
        return floor_to_step(price, self.tick)

    def ceil_price(self, price: Decimal) -> Decimal:
        return ceil_to_step(price, self.tick)

    def accepts(self, size: Decimal) -> bool:
        """True when an order of `size` base is on the lot grid and not below the minimum."""
        return size >= self.min_size and is_multiple(size, self.lot)
