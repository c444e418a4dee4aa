"""The arrays and numbers that the loop over hours works with: the market, what is wanted, the rules."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from okx_core.backtest.fills import Distances
from okx_core.compilation import compiled
from okx_core.decisions.costs import Costs
from okx_core.decisions.exits import ExitTerms
from okx_core.decisions.protections import ProtectionTerms
from okx_core.decisions.sizing import SizingTerms

Array = NDArray[np.float64]


class Bars(NamedTuple):
    """Bars [hours + 1, pairs], NaN where there is none: the last is that of which only the open is known.

    `past_close` [hours before + hours + 1, pairs] are the closes with those of the hours before the first.
    """

    open: Array
    high: Array
    low: Array
    close: Array
    quote_volume: Array
    past_close: Array


class Plan(NamedTuple):
    """What is wanted at the close of each bar [hours, pairs]."""

    predicted_excess_pct: Array
    tradable: NDArray[np.bool_]
    leaves: NDArray[np.bool_]
    size_multiplier: Array
    distances: Distances


class Terms(NamedTuple):
    """The numbers of a strategy; `volume_share` of a bar's volume may be traded in it, infinite for no such cap."""

    sizing: SizingTerms
    exits: ExitTerms
    protections: ProtectionTerms
    volume_share: float


@compiled
def of_hour(costs: Costs, hour: int) -> Costs:
    """The costs of all pairs in an hour."""
    return Costs(costs.fee_rate[hour], costs.spread_bps[hour], costs.depth_quote[hour])
