"""When the tape's path brings the account's equity down to its maintenance margin.

Between the corners of the paths every price runs straight, so equity less maintenance margin does too,
and where it reaches zero is exact.
"""

import math
from collections.abc import Sequence

import numpy as np

from okx_simulator.account.position_math import MAINTENANCE_RATE, holding_of
from okx_simulator.ledger.rows import PositionRow
from okx_simulator.market.prices import PriceFeed
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.tape.bars import PATH_FRACTIONS, Floats, path_corners

CORNERS = len(PATH_FRACTIONS)


def margin_call_ms(
    positions: Sequence[PositionRow], cash: float, market: PriceFeed, from_ms: int, to_ms: int
) -> int | None:
    """The first millisecond in [from, to] with no equity above maintenance; None if there is none."""
    if not positions or from_ms > to_ms:
        return None
    hours = np.arange(from_ms // HOUR_MS, to_ms // HOUR_MS + 1)
    spare = np.full(len(hours) * CORNERS, cash)
    for row in positions:
        held = holding_of(row)
        prices = _corner_prices(market, row.inst_id, from_ms, to_ms)
        size, average = float(held.size * held.unit), float(held.average)
        spare += size * (prices - average) - abs(size) * prices * float(MAINTENANCE_RATE)
    fractions = np.tile(np.rint(PATH_FRACTIONS * HOUR_MS).astype(np.int64), len(hours))
    stamps = np.repeat(hours * HOUR_MS, CORNERS) + fractions
    return _first_exhausted(stamps, spare, from_ms, to_ms)


def _corner_prices(market: PriceFeed, inst_id: str, from_ms: int, to_ms: int) -> Floats:
    """Prices [4 n] at the corners of every hour; an hour without a bar keeps the last close."""
    first, last = from_ms // HOUR_MS, to_ms // HOUR_MS
    bars = market.stretch(inst_id, from_ms, to_ms).between(first, last + 1)
    before = float(market.at(first * HOUR_MS).price(inst_id))
    latest = np.searchsorted(bars.hours, np.arange(first, last + 1), side="right") - 1
    closes = np.where(latest < 0, before, np.r_[bars.close, before][latest])
    prices = np.repeat(closes[:, None], CORNERS, axis=1)
    prices[bars.hours - first] = path_corners(bars)
    flat: Floats = prices.ravel()
    return flat


def _first_exhausted(stamps: np.ndarray, spare: Floats, from_ms: int, to_ms: int) -> int | None:
    for index in np.flatnonzero(spare <= 0).tolist():
        start, end = index - (index % CORNERS > 0), min(index + 1, len(stamps) - 1)
        moment = int(stamps[index])
        if start < index and spare[start] > 0:
            share = spare[start] / (spare[start] - spare[index])
            moment = int(stamps[start]) + math.ceil(share * int(stamps[index] - stamps[start]))
        recovers = index % CORNERS < CORNERS - 1 and spare[end] > 0
        last = int(stamps[index])
        if recovers:
            share = spare[index] / (spare[index] - spare[end])
            last += math.floor(share * int(stamps[end] - stamps[index]))
        elif index % CORNERS < CORNERS - 1:
            last = int(stamps[end])
        if max(moment, from_ms) <= min(last, to_ms):
            return max(moment, from_ms)
    return None
