"""The user's limits."""

from okx_core.decisions.rules import PRODUCT_LIMITS, RiskLimits
from resources.config.limits import risk_limits
from resources.config.settings import Settings


class TestRiskLimits:
    def test_only_the_simulated_mode_has_defaults(self) -> None:
        assert risk_limits(Settings(mode="simulated")) == PRODUCT_LIMITS
        assert risk_limits(Settings(mode="live")) == RiskLimits()
        assert risk_limits(Settings(mode="demo")) == RiskLimits()

    def test_the_users_limits_win_zero_included(self) -> None:
        limits = risk_limits(Settings(mode="simulated", max_asset_pct=0, max_order_quote=25))
        assert (limits.max_asset_pct, limits.max_order_quote) == (0, 25)
        assert limits.max_exposure_pct == PRODUCT_LIMITS.max_exposure_pct
