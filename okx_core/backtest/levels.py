"""What happens to positions without a decision: stops and targets inside the bar, moved stops, delisting."""

import numpy as np
from numpy.typing import NDArray

from okx_core.backtest.fills import Holdings, Steps, offset_of, sell, volume_to_close
from okx_core.backtest.terms import Bars, Terms
from okx_core.compilation import compiled
from okx_core.decisions.costs import Costs
from okx_core.decisions.exits import DELISTED, STAYS, TARGET, ExitTerms, bar_exit, moved_stop
from okx_core.market.book_model import THINNEST_DEPTH_QUOTE, WIDEST_SPREAD_BPS

Array = NDArray[np.float64]


@compiled
def any_touched(held: Holdings, mine: NDArray[np.int64], bars: Bars, hour: int) -> bool:
    """Whether the bar reaches a stop or a target; a level that is NaN is none."""
    for pair in mine:
        stop, target = held.stop_price[pair], held.target_price[pair]
        if stop != stop and target != target:
            continue
        opened, high, low = bars.open[hour, pair], bars.high[hour, pair], bars.low[hour, pair]
        if low <= stop or opened <= stop or high > target or opened > target:
            return True
    return False


@compiled
def move_stop(held: Holdings, pair: int, high: float, steps: Steps, terms: ExitTerms) -> None:
    """Move the stop of a position after a bar."""
    if high > held.highest_price[pair]:
        held.highest_price[pair] = high
    held.stop_price[pair], held.stop_reason[pair] = moved_stop(
        held.stop_price[pair], int(held.stop_reason[pair]), held.entry_price[pair], held.highest_price[pair],
        held.trail_pct[pair], steps.tick[pair], terms,
    )  # fmt: skip


@compiled
def fill_levels(
    held: Holdings, mine: NDArray[np.int64], bars: Bars, hour: int, costs: Costs, steps: Steps, now: float,
    terms: Terms, trades: Array,
) -> tuple[float, int]:  # fmt: skip
    """Fill the stops and targets that the bar reaches; returns cost and number of positions closed.

    A stop is a market order at its price, a target a limit order that pays no spread.
    """
    cost, closed = 0.0, 0
    for pair in mine:
        opened = bars.open[hour, pair]
        if held.quantity[pair] == 0.0 or not opened > 0.0:
            continue
        price, reason = bar_exit(
            opened, bars.high[hour, pair], bars.low[hour, pair], held.stop_price[pair], held.target_price[pair],
            int(held.stop_reason[pair]),
        )  # fmt: skip
        if reason == STAYS:
            continue
        room = volume_to_close(bars.quote_volume[hour, pair], terms.volume_share, held.filled_quote[pair])
        offset = 0.0 if reason == TARGET else offset_of(min(held.quantity[pair] * price, room), costs, pair)
        paid, over = sell(held, pair, price, room, offset, costs, steps, now, reason, trades[closed])
        cost += paid
        closed += over
    return cost, closed


@compiled
def close_delisted(
    held: Holdings, mine: NDArray[np.int64], costs: Costs, steps: Steps, now: float, trades: Array
) -> tuple[float, int]:
    """Close what is no longer traded at its last price in the worst book; returns cost and number."""
    cost, closed = 0.0, 0
    for pair in mine:
        if held.quantity[pair] == 0.0 or not steps.delisted_hour[pair] <= now:
            continue
        mid = held.mark_price[pair]
        worst = Costs(costs.fee_rate, np.full(costs.spread_bps.size, WIDEST_SPREAD_BPS),
                      np.full(costs.depth_quote.size, THINNEST_DEPTH_QUOTE))  # fmt: skip
        offset = offset_of(held.quantity[pair] * mid, worst, pair)
        paid, over = sell(held, pair, mid, np.inf, offset, worst, steps, now, DELISTED, trades[closed])
        cost += paid
        closed += over
    return cost, closed
