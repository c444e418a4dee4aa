"""Slippage learned from orders: it finds what the book misses, and gives it as a ladder."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.market.book_model import fill_offset_bps
from okx_core.market.slippage_model import (
    MIN_ROWS,
    QUANTILES,
    SlippageModelError,
    book_slippage_bps,
    fit_slippage,
    pinball_loss,
    slippage_features,
    solved_depths,
    walk_forward_losses,
)


def made_orders(count: int = 400, factor: float = 1.0, noise: float = 1.0, seed: int = 1) -> pd.DataFrame:
    """Orders of two a day, whose slippage is `factor` times the book's plus noise in bps."""
    rng = np.random.default_rng(seed)
    hours = pd.date_range("2026-01-01", periods=count, freq="12h", tz="UTC").as_unit("us")
    orders = pd.DataFrame(
        {
            "pair": "BTC-USDT",
            "timestamp_utc": hours,
            "is_buy": rng.random(count) < 0.5,
            "notional_quote": np.exp(rng.uniform(np.log(200), np.log(50_000), count)),
            "book_spread_bps": rng.uniform(1.0, 8.0, count),
            "book_depth_quote": np.exp(rng.uniform(np.log(300), np.log(5_000), count)),
            "turnover_24h_quote": 5e7,
            "range_1h_bps": rng.uniform(40.0, 200.0, count),
        }
    )
    return orders.assign(slippage_bps=factor * book_slippage_bps(orders) + noise * rng.normal(size=count))


def test_a_model_beats_a_book_that_is_wrong_by_half_and_not_one_that_is_right() -> None:
    wrong = walk_forward_losses(made_orders(factor=2.0))
    assert wrong is not None
    assert wrong.model_loss.mean() < 0.7 * wrong.book_loss.mean()
    right = walk_forward_losses(made_orders(factor=1.0, noise=0.01))
    assert right is not None
    assert right.book_loss.mean() < right.model_loss.mean()


def test_no_order_is_tested_on_a_model_that_knew_its_hour() -> None:
    orders = made_orders()
    changed = orders.assign(slippage_bps=orders["slippage_bps"].where(orders.index < 390, 1e6))
    first, second = walk_forward_losses(orders), walk_forward_losses(changed)
    assert first is not None
    assert second is not None
    assert 190 < len(first.hours) < 210
    np.testing.assert_array_equal(first.model_loss[:190], second.model_loss[:190])


def test_terms_give_back_what_the_model_says_of_both_ends() -> None:
    orders = made_orders(factor=2.0, noise=0.1)
    model = fit_slippage(orders)
    rows = orders.head(50).copy()
    rows.loc[3, "book_depth_quote"] = np.nan
    spread, depth = model.terms(rows)
    assert np.isnan([spread[3], depth[3]]).all()
    known = np.delete(np.arange(50), 3)
    for over_depth in (model.smallest_over_depth, model.largest_over_depth):
        notional = np.exp(over_depth) * rows["book_depth_quote"].to_numpy()
        stated = [
            model.quantiles(slippage_features(rows.assign(notional_quote=notional, is_buy=is_buy)))[:, 0]
            for is_buy in (True, False)
        ]
        costs = [
            fill_offset_bps(*each) for each in zip(notional[known], spread[known], depth[known], strict=True)
        ]
        assert np.median(np.abs(np.array(costs) / np.mean(stated, axis=0)[known] - 1)) < 0.15


@given(st.floats(0.3, 50.0), st.floats(1.0, 1e6), st.floats(1e-6, 2.0))
def test_the_solved_depth_costs_what_was_asked(spread: float, notional: float, share: float) -> None:
    depth = share * notional
    cost = fill_offset_bps(notional, spread, depth)
    found = solved_depths(np.array([spread]), np.array([cost]), np.array([notional]))[0]
    assert fill_offset_bps(notional, spread, found) == pytest.approx(cost, rel=1e-3, abs=1e-3)


def test_an_order_below_the_spread_has_a_book_that_takes_it_whole() -> None:
    found = solved_depths(np.array([4.0, np.nan]), np.array([1.0, 1.0]), np.array([100.0, 100.0]))
    assert found[0] == pytest.approx(100.0)
    assert np.isnan(found[1])


def test_the_loss_is_least_at_the_quantiles_and_quantiles_do_not_cross() -> None:
    actual = np.random.default_rng(2).normal(size=4_000)
    best = np.tile(np.quantile(actual, QUANTILES), (4_000, 1))
    for shift in (-0.3, 0.3):
        assert pinball_loss(actual, best).mean() < pinball_loss(actual, best + shift).mean()
    orders = made_orders(noise=5.0)
    found = fit_slippage(orders).quantiles(slippage_features(orders))
    assert (found[:, 1] >= found[:, 0]).all()


def test_too_few_orders_are_refused_with_their_number() -> None:
    with pytest.raises(SlippageModelError, match=f"7 orders .* {MIN_ROWS} are needed"):
        fit_slippage(made_orders(7))
    assert (
        walk_forward_losses(made_orders(150).assign(timestamp_utc=pd.Timestamp("2026-01-01", tz="UTC")))
        is None
    )
