"""How large a position is, as multiples of the planned size: arrays that are made before anything is decided.

Whatever the method, a position loses no more than the risk per trade at its stop, or at the planned loss without one:
`fixed_fraction` is the ceiling of the others. What a method needs and does not know refuses the pair.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from okx_core.decisions.rules import (
    EQUAL_RISK,
    FIXED_FRACTION,
    KELLY,
    VOLATILITY_TARGET,
    DecisionRules,
    RiskLimits,
)

Array = NDArray[np.float64]

NEEDS_VOLATILITY = (VOLATILITY_TARGET, EQUAL_RISK)


@dataclass(frozen=True)
class SizingFigures:
    """What methods know of each pair, of one shape [..., pairs], NaN where unknown; known when the hour is decided."""

    volatility_pct: Array
    """Volatility in percent a year."""
    expected_return_pct: Array
    """Mean return of a position after costs in percent, out of sample."""
    return_variance_pct2: Array
    """Variance of the same returns in squared percent."""


def size_multipliers(
    rules: DecisionRules, limits: RiskLimits, stop_pct: Array | None, figures: SizingFigures
) -> Array:
    """Size of a position by `rules.sizing`, as a multiple of risk per trade / planned loss, in the shape of `figures`.

    `stop_pct` is the distance of the stop in percent, None for no stop. NaN where something needed is unknown, not
    positive or infinite, or where a limit is missing.
    """
    shape = figures.volatility_pct.shape
    ceiling = np.ones(shape) if stop_pct is None else rules.planned_loss_pct / _positive(stop_pct)
    if rules.sizing == FIXED_FRACTION:
        return ceiling
    if limits.missing():
        return np.full(shape, math.nan)
    with np.errstate(over="ignore"):  # a share beyond all numbers is infinite, and cut to the ceiling
        share = _share(rules, limits, figures)
    planned = float(limits.risk_per_trade_pct or 0.0) / rules.planned_loss_pct
    return np.minimum(ceiling, np.divide(share, planned, out=np.zeros(shape), where=planned > 0.0))


def _share(rules: DecisionRules, limits: RiskLimits, figures: SizingFigures) -> Array:
    """The share of equity that the method wants in a position, before limits."""
    if rules.sizing == KELLY:
        return kelly_share(
            figures.expected_return_pct,
            figures.return_variance_pct2,
            rules.kelly_fraction,
            rules.kelly_cap_pct,
        )
    if rules.sizing == VOLATILITY_TARGET:
        return volatility_target_share(figures.volatility_pct, rules.volatility_target_pct)
    exposure_pct = float(limits.max_exposure_pct or 0.0)
    return equal_risk_share(figures.volatility_pct, exposure_pct, rules.max_positions)


def volatility_target_share(volatility_pct: Array, target_pct: float) -> Array:
    """Share of equity with which a position moves equity by `target_pct` a year; NaN for an unknown volatility.

    Source: Moskowitz, Ooi and Pedersen 2012, Time series momentum, for each position.
    """
    return target_pct / _positive(volatility_pct)


def equal_risk_share(volatility_pct: Array, exposure_pct: float, positions: int) -> Array:
    """Share of equity [..., pairs] with which every position has the same risk; NaN for an unknown volatility.

    `exposure_pct` is split over `positions` at the median volatility of the hour's pairs, and a pair twice as volatile
    has half of it. With equal correlations these are equal risk contributions. Source: Maillard, Roncalli and Teiletche
    2010, The properties of equally weighted risk contribution portfolios.
    """
    known = _positive(volatility_pct)
    last = known.shape[-1]
    ordered = np.sort(known, axis=-1)  # NaN last
    count = np.sum(~np.isnan(known), axis=-1, keepdims=True)
    low, high = (np.clip(place, 0, last - 1) for place in ((count - 1) // 2, count // 2))
    median = 0.5 * (np.take_along_axis(ordered, low, axis=-1) + np.take_along_axis(ordered, high, axis=-1))
    return np.asarray(exposure_pct / 100.0 / positions * median / known)


def kelly_share(
    expected_return_pct: Array, return_variance_pct2: Array, fraction: float, cap_pct: float
) -> Array:
    """`fraction` of the Kelly share mean / variance, at most `cap_pct` of equity and at least 0; NaN where unknown.

    Source: Thorp 2006, The Kelly criterion in blackjack, sports betting and the stock market.
    """
    mean = np.where(np.isfinite(expected_return_pct), expected_return_pct, np.nan)
    share = fraction * 100.0 * mean / _positive(return_variance_pct2)
    return np.asarray(np.clip(share, 0.0, cap_pct / 100.0))


def _positive(values: Array) -> Array:
    """Finite values above 0; NaN elsewhere."""
    return np.where((values > 0.0) & (values < np.inf), values, np.nan)
