"""Scores that learn nothing, beside which every member is shown: grids [hours, pairs] known at the bar's close."""

from collections.abc import Callable, Mapping

import numpy as np

from okx_core.models.ranks import Floats

VOLATILITY = "historical_vol_30"
MOMENTUM_HOURS, REVERSAL_HOURS = 28 * 24, 24


def past_return(closes: Floats, hours: int) -> Floats:
    """close[t] / close[t - hours] - 1; NaN where one of both bars is missing."""
    out = np.full(closes.shape, np.nan)
    if hours < len(closes):
        out[hours:] = closes[hours:] / closes[:-hours] - 1.0
    return out


def zero(closes: Floats, volatility: Floats) -> Floats:  # noqa: ARG001
    """The same score for every pair: no correlation, and a top-k that holds the first pairs by name."""
    return np.where(np.isnan(closes), np.nan, 0.0)


def momentum(closes: Floats, volatility: Floats) -> Floats:  # noqa: ARG001
    """Return of the last 28 days (Liu, Tsyvinski and Wu, 2022: the momentum of cryptocurrencies)."""
    return past_return(closes, MOMENTUM_HOURS)


def reversal(closes: Floats, volatility: Floats) -> Floats:  # noqa: ARG001
    """The return of the last 24 hours, turned over (Jegadeesh, 1990)."""
    return -past_return(closes, REVERSAL_HOURS)


def low_volatility(closes: Floats, volatility: Floats) -> Floats:  # noqa: ARG001
    """The historical volatility, turned over (Ang, Hodrick, Xing and Zhang, 2006)."""
    return -volatility


# Each of the closes and `VOLATILITY` [hours, pairs].
BASELINES: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "zero": zero, "momentum_28d": momentum, "reversal_24h": reversal, "low_volatility": low_volatility,
}  # fmt: skip
