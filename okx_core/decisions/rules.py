"""The parameters of every decision: what is worth trading, and how much may be risked."""

import math
from dataclasses import dataclass, fields

from okx_core.errors import OkxSignalError
from okx_core.hours import SIGNAL_HORIZON_HOURS

SIZING_METHODS = FIXED_FRACTION, VOLATILITY_TARGET, KELLY, EQUAL_RISK = (
    "fixed_fraction", "volatility_target", "kelly", "equal_risk"
)  # fmt: skip

OPTIONAL_RULES = ("max_correlation",)  # None is no such rule


class DecisionRulesError(OkxSignalError):
    """Rules that cannot be meant."""


@dataclass(frozen=True)
class DecisionRules:
    """When to trade and how much. Percentages are of price, `_quote` amounts are quote units.

    Raises DecisionRulesError for a method or a number of one that cannot be meant.
    """

    horizon_hours: int = SIGNAL_HORIZON_HOURS
    min_excess_probability: float = 0.5
    fee_margin: float = 1.0
    max_slippage_bps: float = 25.0
    min_turnover_quote: float = 1_000_000.0
    min_market_return_24h_pct: float = -8.0
    exit_excess_pct: float = -0.25
    max_positions: int = 8
    min_order_quote: float = 10.0
    planned_loss_pct: float = 10.0
    """Adverse move that a position is sized for: risk per trade = notional x planned loss."""
    reference_order_quote: float = 1_000.0
    """Notional with which the gates measure slippage when the caller names none."""
    sizing: str = FIXED_FRACTION
    """One of SIZING_METHODS; see `sizing_methods.py`."""
    volatility_target_pct: float = 10.0
    """By volatility_target: the volatility that a position adds to equity, percent a year."""
    kelly_fraction: float = 0.25
    """By kelly: the share of the Kelly size; estimates are uncertain, and a full Kelly size doubles the error."""
    kelly_cap_pct: float = 20.0
    """By kelly: the largest position, percent of equity."""
    max_correlation: float | None = None
    """A pair that is more correlated than this with one that is held, or by an unknown number, is not bought."""
    correlation_hours: int = 168
    """Hours of returns over which pairs are correlated."""

    def __post_init__(self) -> None:
        if self.sizing not in SIZING_METHODS:
            raise DecisionRulesError(f"sizing is {self.sizing}: choose one of {', '.join(SIZING_METHODS)}")
        for name in ("volatility_target_pct", "kelly_fraction", "kelly_cap_pct"):
            if not 0.0 < getattr(self, name) < math.inf:
                raise DecisionRulesError(f"{name} is {getattr(self, name)}: give a number above 0")
        if self.max_correlation is not None and not -1.0 < self.max_correlation < 1.0:
            raise DecisionRulesError(
                f"max_correlation is {self.max_correlation}: give a number between -1 and 1, or none for no such cap"
            )
        if self.correlation_hours < 3:
            raise DecisionRulesError(
                f"correlation_hours is {self.correlation_hours}: a correlation needs at least 3"
            )


@dataclass(frozen=True)
class RiskLimits:
    """Ceilings as percentages of equity, and the largest single order. None or NaN is missing.

    While any limit is missing every buy is refused; exits are never refused.
    """

    max_asset_pct: float | None = None
    max_exposure_pct: float | None = None
    risk_per_trade_pct: float | None = None
    max_order_quote: float | None = None

    def missing(self) -> tuple[str, ...]:
        """Names of the limits without a finite value of at least 0."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return tuple(name for name, value in values if value is None or not 0.0 <= value < math.inf)


PRODUCT_LIMITS = RiskLimits(
    max_asset_pct=30.0, max_exposure_pct=80.0, risk_per_trade_pct=2.0, max_order_quote=100_000.0
)
