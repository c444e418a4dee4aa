"""Tick, lot and minimum size that a price implies, as OKX sets them, reviewed once a calendar year."""

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from okx_simulator.tape.bars import Floats, Hours


@dataclass(frozen=True)
class PriceGrid:
    """Tick in quote, lot and minimum order size in base."""

    tick: Decimal
    lot: Decimal
    min_size: Decimal


def tick_power(price: float) -> int:
    """Power of ten of the tick: about a basis point or less of the price."""
    magnitude = math.floor(math.log10(price))
    return magnitude - (5 if price >= 1_000 else 4)


def price_grid(price: float) -> PriceGrid:
    """The grid of a pair that trades near `price`: a minimum order is worth about one quote unit."""
    lot_power = -8 if price >= 1_000 else -6 if price >= 1e-3 else 0
    size_power = max(math.floor(-math.log10(price)), lot_power)
    return PriceGrid(
        Decimal(1).scaleb(tick_power(price)), Decimal(1).scaleb(lot_power), Decimal(1).scaleb(size_power)
    )


def year_start(hour: int) -> int:
    """The first hour, since 1970, of the calendar year that `hour` falls into."""
    return int(np.datetime64(hour, "h").astype("datetime64[Y]").astype("datetime64[h]").astype(np.int64))


def round_to_yearly_ticks(
    hours: Hours, powers: dict[int, int], opens: Floats, *others: Floats
) -> tuple[Floats, ...]:
    """Prices [n] each rounded to the tick of their year, opens first.

    `powers` holds the tick's power of ten of years whose first bar came earlier; years that begin
    here are added to it, each with the power its first open implies.
    """
    years = hours.astype("datetime64[h]").astype("datetime64[Y]").astype(np.int64)
    starts = np.flatnonzero(np.r_[True, years[1:] != years[:-1]])
    rounded = tuple(np.empty_like(column) for column in (opens, *others))
    for start, end in zip(starts, np.r_[starts[1:], len(years)], strict=True):
        power = powers.setdefault(int(years[start]), tick_power(float(opens[start])))
        for target, column in zip(rounded, (opens, *others), strict=True):
            target[start:end] = np.round(column[start:end], -power)
    return rounded
