"""An observed order book: its spread, and how much rests near its middle."""

from collections.abc import Sequence
from decimal import Decimal

Level = tuple[Decimal, Decimal]
TEN_THOUSAND = Decimal(10_000)


def depth_quote(levels: Sequence[Level], mid: Decimal, within_bps: int) -> Decimal | None:
    """Quote resting on one side within `within_bps` of `mid`; levels are price and size in base, best first.

    None when the last level served is still within: there may be more behind it. An empty side is 0.
    """
    reach = mid * within_bps / TEN_THOUSAND
    inside = [(price, size) for price, size in levels if abs(price - mid) <= reach]
    if levels and len(inside) == len(levels):
        return None
    return sum((price * size for price, size in inside), Decimal(0))


def spread_bps(bid: Decimal, ask: Decimal) -> Decimal:
    """Ask less bid in basis points of their middle."""
    return (ask - bid) * TEN_THOUSAND * 2 / (ask + bid)
