"""The user's limits as the core takes them."""

from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from okx_core.market.universe import UniverseFilter
from resources.config.settings import Mode, Settings

LIMITS = ("max_asset_pct", "max_exposure_pct", "max_order_quote", "risk_per_trade_pct")


def risk_limits(settings: Settings) -> RiskLimits:
    """Limits of a trade. Only the simulated mode has defaults; elsewhere a missing limit refuses buys."""
    defaults = PRODUCT_LIMITS if settings.mode is Mode.SIMULATED else RiskLimits()
    return RiskLimits(
        **{
            name: getattr(settings, name) if getattr(settings, name) is not None else getattr(defaults, name)
            for name in LIMITS
        }
    )


def universe_filter(settings: Settings) -> UniverseFilter:
    """What a pair needs to be traded."""
    return UniverseFilter(
        settings.quote_currency,
        settings.min_turnover_quote or DecisionRules().min_turnover_quote,
        settings.min_age_days,
        settings.max_spread_bps,
    )
