import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
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
ranges = st.floats(0.0, 1e4)
BOOKS = Path(__file__).parents[4] / "shared" / "data" / "books"


@given(turnovers, turnovers)
def test_spread_narrows_and_depth_grows_with_turnover(first: float, second: float) -> None:
    low, high = sorted((first, second))
    thin, thick = book_model(low, 80.0), book_model(high, 80.0)
    assert thick.spread_bps <= thin.spread_bps
    assert thick.depth_quote >= thin.depth_quote


@given(turnovers, ranges, ranges)
def test_a_wilder_hour_has_a_wider_spread_and_less_depth(
    turnover: float, first: float, second: float
) -> None:
    calm, wild = (book_model(turnover, ranged) for ranged in sorted((first, second)))
    assert wild.spread_bps >= calm.spread_bps
    assert wild.depth_quote <= calm.depth_quote


@pytest.mark.parametrize(
    ("turnover", "ranged"),
    [
        (math.nan, 80.0),
        (0.0, 80.0),
        (-1.0, 80.0),
        (math.inf, 80.0),
        (1e9, math.nan),
        (1e9, -1.0),
        (1e9, math.inf),
    ],
)
def test_unknown_turnover_or_range_gets_the_worst_book(turnover: float, ranged: float) -> None:
    assert book_model(turnover, ranged) == WORST_BOOK


def test_a_hundred_thousand_do_not_rest_at_the_wick_of_a_crash() -> None:
    usual, crash = book_model(5e7, 80.0), book_model(5e7, 2_400.0)
    assert crash.spread_bps > 20 * usual.spread_bps
    assert crash.depth_quote < usual.depth_quote / 20


def test_the_depth_is_that_of_the_recorded_books() -> None:
    """OKX's BTC-USDT within 10 bps of mid; on every recording beside the project, there may be none."""
    recordings = sorted(BOOKS.glob("okx_books_*.parquet"))
    assert bool(recordings) == BOOKS.exists()
    for path in recordings:
        rows = pd.read_parquet(path)
        rows = rows[(rows["inst_id"] == "BTC-USDT") & (rows["action"] == "snapshot")]
        touch = rows.groupby("side")["price"].agg(["min", "max"])
        mid = (touch.loc["bid", "max"] + touch.loc["ask", "min"]) / 2
        near = rows[(rows["price"] / mid - 1).abs() <= 10e-4]
        resting = (near["price"] * near["size"]).groupby(near["side"]).sum()
        modelled = book_model(0.7e9, 270.0).depth_quote * 10
        assert 0.5 < modelled / float(resting.mean()) < 2.0


@pytest.mark.parametrize(
    ("notional", "spread", "depth"),
    [(math.nan, 1.0, 1.0), (1.0, math.nan, 1.0), (1.0, 1.0, math.nan), (1.0, 1.0, 0.0), (-1.0, 1.0, 1.0)],
)
def test_unknown_inputs_give_an_unknown_cost(notional: float, spread: float, depth: float) -> None:
    assert math.isnan(fill_offset_bps(notional, spread, depth))


@given(turnovers, ranges, st.floats(0.0, 390.0, allow_subnormal=False))
def test_cost_equals_walking_the_ladder(turnover: float, ranged: float, levels: float) -> None:
    book = book_model(turnover, ranged)
    notional = levels * book.depth_quote
    taken = np.clip(notional - np.arange(MAX_LEVELS) * book.depth_quote, 0.0, book.depth_quote)
    distance = (ladder_prices(1.0, book, "ask") - 1.0) * 1e4
    walked = float((taken * distance).sum() / notional) if notional else book.spread_bps / 2
    assert fill_offset_bps(notional, book.spread_bps, book.depth_quote) == pytest.approx(walked, abs=1e-6)


@given(turnovers, ranges, st.floats(0.0, 1e7), st.floats(0.0, 1e7))
def test_a_larger_order_never_pays_less(turnover: float, ranged: float, first: float, second: float) -> None:
    book = book_model(turnover, ranged)
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
