"""Labels of what a position would have earned, at best, at worst and in the end."""

import numpy as np

from okx_core.features.bars import flag
from okx_core.features.kernels import elementwise, windows
from okx_core.hours import HORIZON_HOURS, LABEL_HORIZON_HOURS
from okx_core.labels.declaration import Array, FutureBars, Label, label, later
from okx_core.market.fees import TAKER_FEE_RATE


def _future_return(name: str, hours: int) -> Label:
    def compute(future: FutureBars) -> Array:
        return 100.0 * (later(future.close, hours) / future.close - 1.0)

    compute.__name__ = f"future_return_{name}_pct"
    compute.__doc__ = f"Return of the next {hours} hours."
    horizon_set = "1d" if hours <= LABEL_HORIZON_HOURS["1d"] else "2w"
    return label(horizon_set, hours, "%", formula=f"100 (close[t + {hours}] / close[t] - 1)")(compute)


FUTURE_RETURNS = tuple(_future_return(name, hours) for name, hours in HORIZON_HOURS.items())


@label("1d", 24, "%", formula="100 (max(high[t + 1 .. t + 24]) / close[t] - 1)")
def future_max_return_24h_pct(future: FutureBars) -> Array:
    """Best that the next 24 hours offered; negative when the price never came back to entry."""
    return 100.0 * (future.highest(24) / future.close - 1.0)


@label("1d", 12, "%", formula="min(0, 100 (min(low[t + 1 .. t + 12]) / close[t] - 1))")
def future_max_drawdown_12h_pct(future: FutureBars) -> Array:
    """Worst excursion from entry in the next 12 hours; 0 when the price never fell below it."""
    return np.minimum(100.0 * (future.lowest(12) / future.close - 1.0), 0.0)


@label("1d", 12, "0 or 1", formula="1 if close[t + 12] / close[t] x (1 - taker fee)^2 > 1 else 0")
def was_profitable_12h(future: FutureBars) -> Array:
    """Whether buying at the close and selling 12 hours later earned more than two taker fees."""
    kept = later(future.close, 12) / future.close * (1.0 - TAKER_FEE_RATE) ** 2
    return flag(kept > 1.0, kept)


@label(
    "1d", 12, "-sqrt(12)..sqrt(12)", formula="sum(r) / sqrt(sum(r^2)) of the log returns r[t + 1 .. t + 12]",
    source="return over realised volatility (Andersen and Bollerslev 1998); bounded by Cauchy-Schwarz",
)  # fmt: skip
def future_risk_adj_return_12h(future: FutureBars) -> Array:
    """Return of the next 12 hours over its own realised volatility; 0 when nothing moved."""
    moves = future.log_return
    earned = later(windows.rolling_sum(moves, 12), 12)
    risked = later(np.sqrt(windows.rolling_sum(moves * moves, 12)), 12)
    return elementwise.ratio(earned, risked, 0.0)


def _profit_target(percent: int) -> Label:
    def compute(future: FutureBars) -> Array:
        best = future.highest(24)
        return flag(best >= future.close * (1.0 + percent / 100.0), best)

    compute.__name__ = f"profit_target_{percent}pct"
    compute.__doc__ = f"Whether a limit sell {percent} % above entry would have been reached within 24 hours."
    formula = f"1 if max(high[t + 1 .. t + 24]) >= close[t] x {1 + percent / 100:.2f} else 0"
    return label("1d", 24, "0 or 1", formula=formula)(compute)


PROFIT_TARGETS = tuple(_profit_target(percent) for percent in (1, 2))
