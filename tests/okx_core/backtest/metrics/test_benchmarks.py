"""Benchmarks, against a plain account that buys and sells by the same weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_core.backtest.metrics.benchmarks import MOMENTUM_HOURS, WEEK_HOURS, benchmark_curves, rebalanced
from tests.examples import examples

COST = 0.001


def prices(hours: int, pairs: int, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (hours, pairs)), axis=0))


def plain_account(closes: np.ndarray, weights: list[list[float]], every: int) -> list[float]:
    """The same, one hour and pair at a time."""
    cash, held, last, curve = 1.0, [0.0] * closes.shape[1], [float("nan")] * closes.shape[1], []
    for hour, row in enumerate(closes):
        last = [float(now) if now == now else before for now, before in zip(row, last, strict=True)]
        value = [base * price if base else 0.0 for base, price in zip(held, last, strict=True)]
        curve.append(cash + sum(value))
        if hour % every == 0 and hour < len(closes) - 1 and hour // every < len(weights):
            wanted = [
                weight if price == price else 0.0
                for weight, price in zip(weights[hour // every], last, strict=True)
            ]
            worth = curve[-1]
            paid = COST * sum(abs(one * worth - two) for one, two in zip(wanted, value, strict=True))
            held = [
                one * (worth - paid) / price if one else 0.0 for one, price in zip(wanted, last, strict=True)
            ]
            cash = (worth - paid) * (1.0 - sum(wanted))
    return curve


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(0, 0.3))
def test_a_rebalanced_portfolio_equals_a_plain_account(seed: int, pairs: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    closes = prices(60, pairs, seed)
    closes[rng.random(closes.shape) < missing] = np.nan
    weights = rng.dirichlet(np.ones(pairs + 1), 6)[:, :pairs]
    expected = plain_account(closes, weights.tolist(), 11)
    np.testing.assert_allclose(rebalanced(closes, weights, 11, COST), expected, rtol=1e-12)


def test_a_pair_held_earns_its_price_less_one_cost() -> None:
    closes = prices(500, 3)
    held = benchmark_curves(closes, 1, closes[:0], COST)["held"]
    assert held[0] == 1.0
    assert held[-1] == pytest.approx((1.0 - COST) * closes[-1, 1] / closes[0, 1])


def test_momentum_needs_28_days_and_holds_what_rose() -> None:
    before = np.tile(np.linspace(100.0, 200.0, MOMENTUM_HOURS)[:, None], (1, 2))
    before[:, 1] = before[::-1, 1]  # falls
    closes = np.array([[200.0, 100.0]] + [[220.0, 300.0]] * WEEK_HOURS)
    assert benchmark_curves(closes, 0, before, 0.0)["momentum_28d"][-1] == pytest.approx(1.0 + 0.1 / 3)
    assert set(benchmark_curves(closes, 0, before[:9], 0.0)["momentum_28d"]) == {1.0}
    assert set(benchmark_curves(closes, 0, before, COST)["cash"]) == {1.0}


def test_no_benchmark_knows_the_future() -> None:
    before, closes = prices(MOMENTUM_HOURS + 5, 4, 2), prices(3 * WEEK_HOURS, 4, 3)
    known = benchmark_curves(closes[:400], 0, before, COST)
    whole = benchmark_curves(closes, 0, before, COST)
    assert {name: (whole[name][:400] == curve).all() for name, curve in known.items()} == dict.fromkeys(
        whole, True
    )
