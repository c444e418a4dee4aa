"""Parts of the settings: what a step is given, and nothing more."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from okx_core.decisions.rules import DecisionRules
from resources.config.settings import Settings, load_settings
from tests.resources.config.conftest import SECRETS

Give = Callable[..., None]


class TestParts:
    def test_a_process_that_does_not_trade_gets_no_keys(self, give: Give) -> None:
        give(MODE="demo", **{name.removeprefix("OKXSIGNAL_"): value for name, value in SECRETS.items()})
        assert load_settings(trading=False).exchange.keys is None
        assert load_settings().exchange.keys.secret == "secret-to-hide"

    def test_no_part_shows_a_secret(self, give: Give) -> None:
        give(
            MODE="demo", STORE_OPTIONS='{"secret": "option-to-hide"}',
            **{name.removeprefix("OKXSIGNAL_"): value for name, value in SECRETS.items()},
        )  # fmt: skip
        settings = load_settings()
        parts = (settings.database, settings.feature_store, settings.exchange, settings.market)
        assert "to-hide" not in repr(parts)
        assert settings.feature_store.options == {"secret": "option-to-hide"}

    def test_settings_do_not_change(self) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            Settings().dagster_port = 1

    def test_building_settings_reads_no_environment(self, give: Give) -> None:
        give(DAGSTER_PORT="4000")
        assert Settings().dagster_port == 3000

    @pytest.mark.parametrize(("clock", "is_fixed"), [("real", False), ("fixed:2023-12-01T00:00:00Z", True)])
    def test_only_a_simulated_clock_can_be_fixed(self, clock: str, is_fixed: bool) -> None:
        assert Settings(clock=clock).market.clock_is_fixed is is_fixed
        assert not Settings(mode="paper", clock=clock).market.clock_is_fixed

    def test_the_universe_filter_has_a_turnover_unless_the_user_names_one(self) -> None:
        assert Settings().universe_filter.min_turnover_quote == DecisionRules().min_turnover_quote
        assert Settings(min_turnover_quote=5).universe_filter.min_turnover_quote == 5


class TestMembers:
    def test_the_default_members_are_those_of_the_core(self) -> None:
        from okx_core.models.members import DEFAULTS

        assert Settings().models.members == tuple(spec.name for spec in DEFAULTS)

    def test_spaces_between_names_do_not_count(self) -> None:
        names = Settings(members="ridge_rank_24h, mlp_rank_24h").models.members
        assert names == ("ridge_rank_24h", "mlp_rank_24h")

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("ridge", "no member 'ridge'; known: lightgbm_rank_72h"),
            ("ridge_rank_24h,ridge_rank_24h", "names a member twice"),
            ("", "no member ''"),
        ],
    )
    def test_an_unknown_or_repeated_name_is_refused_with_those_that_are_known(
        self, value: str, words: str
    ) -> None:
        with pytest.raises(ValidationError, match=words):
            Settings(members=value)
