"""A strategy that looks ahead is named with pair and hour; an honest one passes, every built-in one too."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.lookahead import decided, require_no_lookahead
from okx_core.strategies.panel import Panel
from okx_core.strategies.strategy import Number, Strategy, StrategyError, Wants
from tests.okx_core.strategies.conftest import made_panel


def checked(panel: Panel, decide) -> Wants:
    strategy = Strategy("mine", "", decide)
    return require_no_lookahead(strategy, strategy.spec({}), panel)


def nothing(panel: Panel) -> np.ndarray:
    return np.zeros(panel.close.shape, bool)


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_the_strategies_of_the_product_do_not_look_ahead_and_want_something(panel: Panel, name: str) -> None:
    strategy = BUILT_IN[name]
    spec = strategy.spec({"hours": "48", "every_hours": "24"} if "hours" in strategy.parameters else {})
    if name == "regime_switch":  # its trend is known after four weeks
        panel = made_panel(hours=24 * 42)
    wants = require_no_lookahead(strategy, spec, panel)
    assert (~np.isnan(wants.score)).sum() > 5
    assert wants.leaves.sum() > 5


def tomorrow(panel: Panel, _given: Mapping[str, Number]) -> Wants:
    ahead = np.full(panel.close.shape, np.nan)
    ahead[:-24] = panel.close[24:] / panel.close[:-24]
    return Wants(ahead, nothing(panel))


def of_the_whole(panel: Panel, _given: Mapping[str, Number]) -> Wants:
    return Wants(panel.close / np.nanmean(panel.close, axis=0), nothing(panel))


def leaves_before_the_fall(panel: Panel, _given: Mapping[str, Number]) -> Wants:
    falls = nothing(panel)
    falls[:-1] = panel.close[1:] < 0.98 * panel.close[:-1]
    return Wants(np.full(panel.close.shape, np.nan), falls)


@pytest.mark.parametrize("decide", [tomorrow, of_the_whole, leaves_before_the_fall])
def test_one_that_looks_ahead_is_named_with_pair_and_hour(panel: Panel, decide) -> None:
    with pytest.raises(
        StrategyError, match=r"mine looks ahead: of \w+-USDT at 2024-01-\d\d \d\d:00 it wants"
    ):
        checked(panel, decide)


@pytest.mark.parametrize(
    ("decide", "complaint"),
    [
        (lambda panel, _: panel.close, "decide gave ndarray, not Wants"),
        (lambda panel, _: Wants(panel.close[:-1], nothing(panel)), r"score has the shape \(335, 10\)"),
        (lambda panel, _: Wants(panel.close, nothing(panel)[0]), r"leaves has the shape \(10,\)"),
        (
            lambda panel, _: Wants(panel.close + np.inf, nothing(panel)),
            "score of AAA-USDT at 2024-01-01 00:00 is inf",
        ),
    ],
)
def test_an_answer_of_another_shape_is_refused(panel: Panel, decide, complaint: str) -> None:
    strategy = Strategy("mine", "", decide)
    with pytest.raises(StrategyError, match=complaint):
        decided(strategy, strategy.spec({}), panel)


def test_a_panel_cut_short_is_the_same_up_to_there(panel: Panel) -> None:
    cut = panel.until(100)
    assert cut.close.shape == (100, 10)
    np.testing.assert_array_equal(cut.past_return_pct(24), panel.past_return_pct(24)[:100])
    assert replace(cut, columns={}).moment(99) == panel.moment(99)
