"""What the strategies that come with the product want, by panels made by hand."""

import numpy as np

from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.lookahead import decided
from okx_core.strategies.panel import Panel

HOURS, PAIRS = 24 * 70, tuple(f"P{number}-USDT" for number in range(5))


def panel_of(close: np.ndarray) -> Panel:
    return Panel(PAIRS, 0, close, close, close, close, np.full(close.shape, 1e6), {})


def rises_and_falls() -> np.ndarray:
    """Five weeks up, five weeks down; every pair at a pace of its own."""
    paces = np.linspace(0.5, 1.5, len(PAIRS))
    path = np.concatenate((np.linspace(0.0, 0.4, HOURS // 2), np.linspace(0.4, -0.4, HOURS // 2)))
    return 100.0 * np.exp(path[:, None] * paces)


def wants_of(name: str, close: np.ndarray, **given: str):
    strategy = BUILT_IN[name]
    return decided(strategy, strategy.spec(given), panel_of(close))


def test_regime_switch_buys_what_momentum_buys_while_the_market_rises() -> None:
    close = rises_and_falls()
    own, momentum = wants_of("regime_switch", close), wants_of("momentum", close)
    up = slice(28 * 24, HOURS // 2)
    np.testing.assert_array_equal(own.score[up], momentum.score[up])
    assert (~np.isnan(own.score[up])).sum(axis=1).max() == 3


def test_regime_switch_leaves_every_pair_at_its_next_decision_once_the_market_falls() -> None:
    """A pair that still rises is left with the others, and nothing is bought, until the market rises again."""
    close = rises_and_falls()
    close[:, 0] = 100.0 * np.exp(np.linspace(0.0, 0.5, HOURS))
    own, momentum = wants_of("regime_switch", close), wants_of("momentum", close)
    falls = slice(HOURS // 2 + 21 * 24, HOURS)
    assert not np.isnan(momentum.score[falls, 0]).all()
    assert np.isnan(own.score[falls]).all()
    deciding = (np.arange(HOURS) + 1) % 168 == 0
    assert own.leaves[falls][deciding[falls]].all()
    assert not own.leaves[falls][~deciding[falls]].any()


def test_regime_switch_buys_nothing_before_the_trend_is_known() -> None:
    own = wants_of("regime_switch", rises_and_falls(), hours="168")
    assert np.isnan(own.score[: 28 * 24]).all()
