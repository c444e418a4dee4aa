"""Parameters of strategies: what may be given, and the version that follows from everything that decides."""

from dataclasses import replace

import numpy as np
import pytest

from okx_core.decisions.exits import ExitRulesError
from okx_core.decisions.protections import DEFAULT_PROTECTIONS, Protections, ProtectionsError
from okx_core.decisions.rules import DecisionRulesError
from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.strategy import Strategy, StrategyError, Wants

MOMENTUM = BUILT_IN["momentum"]


def test_own_numbers_rules_and_exits_are_given_alike() -> None:
    spec = MOMENTUM.spec({"top": "2", "max_positions": "3", "stop_pct": "7.5", "trail_atr": "none"})
    assert (spec.parameters["top"], spec.rules.max_positions, spec.exits.stop_pct) == (2, 3, 7.5)
    assert spec.exits.trail_atr is None
    assert spec.parameters["hours"] == MOMENTUM.parameters["hours"]


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"tops": "2"}, "momentum has no parameter tops; did you mean top"),
        ({"zzz": "2"}, "has no parameter zzz It has hours, every_hours"),
        ({"top": "two"}, "parameter top is 'two': give a number"),
        ({"top": "2.5"}, "parameter top is 2.5: give a whole number"),
        ({"fee_margin": "inf"}, "parameter fee_margin is 'inf'"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(given: dict[str, str], complaint: str) -> None:
    with pytest.raises(StrategyError, match=complaint.replace("?", r"\?")):
        MOMENTUM.spec(given)


def test_an_exit_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(ExitRulesError, match="stop_pct is -1"):
        MOMENTUM.spec({"stop_pct": "-1"})


def test_a_cap_on_correlation_is_given_and_taken_away() -> None:
    capped = replace(MOMENTUM, rules=replace(MOMENTUM.rules, max_correlation=0.9))
    assert MOMENTUM.spec({}).rules.max_correlation is None
    assert MOMENTUM.spec({"max_correlation": "0.7"}).rules.max_correlation == 0.7
    assert capped.spec({"max_correlation": "none"}).rules.max_correlation is None
    with pytest.raises(DecisionRulesError, match=r"max_correlation is 1\.5: give a number between -1 and 1"):
        MOMENTUM.spec({"max_correlation": "1.5"})


def test_protections_are_on_and_given_as_the_exits_are() -> None:
    assert all(strategy.protections == DEFAULT_PROTECTIONS for strategy in BUILT_IN.values())
    spec = MOMENTUM.spec({"daily_loss_pct": "2.5", "cooldown_hours": "none", "daily_trades": "7"})
    assert (spec.protections.daily_loss_pct, spec.protections.cooldown_hours) == (2.5, None)
    assert spec.protections.daily_trades == 7
    assert spec.to_json()["protections"]["max_drawdown_pct"] == DEFAULT_PROTECTIONS.max_drawdown_pct
    with pytest.raises(StrategyError, match=r"parameter daily_trades is 2\.5: give a whole number"):
        MOMENTUM.spec({"daily_trades": "2.5"})
    with pytest.raises(ProtectionsError, match="daily_trades is 0"):
        MOMENTUM.spec({"daily_trades": "0"})
    with pytest.raises(ProtectionsError, match="drawdown_hours is None: give a whole number"):
        MOMENTUM.spec({"drawdown_hours": "none"})


def test_the_method_of_sizing_is_given_by_name() -> None:
    spec = MOMENTUM.spec({"sizing": "kelly", "kelly_fraction": "0.5"})
    assert (spec.rules.sizing, spec.rules.kelly_fraction) == ("kelly", 0.5)
    assert spec.version != MOMENTUM.spec({"kelly_fraction": "0.5"}).version
    with pytest.raises(DecisionRulesError, match="sizing is 5: choose one of"):
        MOMENTUM.spec({"sizing": "5"})


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_parameter_has_the_name_of_another(name: str) -> None:
    spec = BUILT_IN[name].spec({})
    names = [*spec.parameters, *vars(spec.rules), *vars(spec.exits), *vars(spec.protections)]
    assert len(names) == len(set(names))


def test_the_version_follows_from_everything_that_decides() -> None:
    def decide(*_: object) -> Wants:
        return Wants(np.empty(0), np.empty(0, bool))

    versions = {
        MOMENTUM.spec({}).version,
        MOMENTUM.spec({"top": "2"}).version,
        MOMENTUM.spec({"max_positions": "3"}).version,
        MOMENTUM.spec({"stop_pct": "3"}).version,
        MOMENTUM.spec({"daily_loss_pct": "3"}).version,
        Strategy("momentum", "", decide, code="b", protections=Protections()).spec({}).version,
        Strategy("momentum", "", decide, code="a").spec({}).version,
        Strategy("momentum", "", decide, code="b").spec({}).version,
    }
    assert len(versions) == 8
    assert MOMENTUM.spec({"top": "3"}).version == MOMENTUM.spec({}).version
    assert MOMENTUM.spec({}).to_json()["version"] == MOMENTUM.spec({}).version
