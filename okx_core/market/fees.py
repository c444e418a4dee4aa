"""Fees of OKX on spot trades.

Regular user Lv1, spot: 0.08 % maker, 0.10 % taker, as fractions of the traded amount. OKX takes a
buy's fee in the base coin and a sell's fee in the quote coin, and reports a paid fee as negative.
"""

from decimal import Decimal
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled

TAKER_FEE_RATE = 0.001
MAKER_FEE_RATE = 0.0008

TAKER_FEE = Decimal("0.001")
MAKER_FEE = Decimal("0.0008")


Slippage = TypeVar("Slippage", float, NDArray[np.float64])


@compiled
def round_trip_cost_pct(
    slippage_bps: Slippage,
    fee_rate: Slippage | float = TAKER_FEE_RATE,
) -> Slippage:
    """Cost of one buy and one sell in percent of the notional: two fees and two slippages.

    `slippage_bps` is the average distance from mid paid on each side and `fee_rate` the taker fee as a fraction, each
    a number or an array; NaN in gives NaN out. The one cost of gate, sizing and backtest.
    """
    return 2.0 * (fee_rate * 100.0 + slippage_bps / 100.0)
