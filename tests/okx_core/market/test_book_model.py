import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.market.book_model import (
    MAX_LEVELS,
    WORST_BOOK,
    BookModel,
    book_model,
    fill_offset_bps,
    ladder_prices,
)

turnovers = st.floats(1e3, 1e11)


@given(turnovers, turnovers)
def test_spread_narrows_and_depth_grows_with_turnover(first: float, second: float) -> None:
    low, high = sorted((first, second))
    thin, thick = book_model(low), book_model(high)
    assert thick.spread_bps <= thin.spread_bps
    assert thick.depth_quote >= thin.depth_quote


@pytest.mark.parametrize("turnover", [math.nan, 0.0, -1.0, math.inf])
def test_unknown_turnover_gets_the_worst_book(turnover: float) -> None:
    assert book_model(turnover) == WORST_BOOK


@pytest.mark.parametrize(
    ("notional", "spread", "depth"),
    [(math.nan, 1.0, 1.0), (1.0, math.nan, 1.0), (1.0, 1.0, math.nan), (1.0, 1.0, 0.0), (-1.0, 1.0, 1.0)],
)
def test_unknown_inputs_give_an_unknown_cost(notional: float, spread: float, depth: float) -> None:
    assert math.isnan(fill_offset_bps(notional, spread, depth))


@given(turnovers, st.floats(0.0, 390.0, allow_subnormal=False))
def test_cost_equals_walking_the_ladder(turnover: float, levels: float) -> None:
    book = book_model(turnover)
    notional = levels * book.depth_quote
    taken = np.clip(notional - np.arange(MAX_LEVELS) * book.depth_quote, 0.0, book.depth_quote)
    distance = (ladder_prices(1.0, book, "ask") - 1.0) * 1e4
    walked = float((taken * distance).sum() / notional) if notional else book.spread_bps / 2
    assert fill_offset_bps(notional, book.spread_bps, book.depth_quote) == pytest.approx(walked, abs=1e-6)


@given(turnovers, st.floats(0.0, 1e7), st.floats(0.0, 1e7))
def test_a_larger_order_never_pays_less(turnover: float, first: float, second: float) -> None:
    book = book_model(turnover)
    small, large = sorted((first, second))
    costs = [fill_offset_bps(size, book.spread_bps, book.depth_quote) for size in (small, large)]
    assert costs[0] <= costs[1] + 1e-9
    assert costs[0] >= book.spread_bps / 2 - 1e-9


def test_both_sides_mirror_around_the_mid() -> None:
    book = BookModel(spread_bps=4.0, depth_quote=1000.0)
    asks, bids = ladder_prices(100.0, book, "ask", 3), ladder_prices(100.0, book, "bid", 3)
    assert asks == pytest.approx([100.02, 100.03, 100.04])
    assert bids == pytest.approx([99.98, 99.97, 99.96])
    assert Decimal(str(book.capacity_quote)) == Decimal("400000.0")
