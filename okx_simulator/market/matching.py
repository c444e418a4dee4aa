"""Taking liquidity from the modelled book: pure functions from an order and its levels to fills."""

from dataclasses import dataclass
from decimal import Decimal

from okx_core.market.instruments import floor_to_step
from okx_simulator.market.prices import Level

ZERO = Decimal(0)


@dataclass(frozen=True)
class Match:
    """One level taken: price in quote, size in base."""

    price: Decimal
    size: Decimal


def take_base(levels: list[Level], size: Decimal) -> list[Match]:
    """Fill `size` base from the best level on; what the levels do not hold stays unfilled."""
    matches, left = [], size
    for price, resting in levels:
        if left <= 0:
            break
        taken = min(resting, left)
        matches.append(Match(price, taken))
        left -= taken
    return matches


def take_quote(levels: list[Level], amount: Decimal, lot: Decimal) -> list[Match]:
    """Fill up to `amount` quote in whole lots; less than one lot's worth stays unspent."""
    matches, left = [], amount
    for price, resting in levels:
        taken = min(resting, floor_to_step(left / price, lot))
        if taken <= 0:
            break
        matches.append(Match(price, taken))
        left -= price * taken
    return matches


def within_limit(levels: list[Level], side: str, limit: Decimal) -> list[Level]:
    """The levels an order limited to `limit` may take."""
    if side == "buy":
        return [level for level in levels if level[0] <= limit]
    return [level for level in levels if level[0] >= limit]


def base_of(matches: list[Match]) -> Decimal:
    return sum((match.size for match in matches), ZERO)


def quote_of(matches: list[Match]) -> Decimal:
    return sum((match.price * match.size for match in matches), ZERO)


def average_price(matches: list[Match]) -> Decimal | None:
    """Quote paid per base over all matches; None without any."""
    size = base_of(matches)
    return quote_of(matches) / size if size else None
