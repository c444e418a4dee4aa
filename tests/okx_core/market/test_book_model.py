import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.market.book_model import (
    NARROWEST_SPREAD_BPS,
    UNSEEN_FACTOR,
    WORST_BOOK,
    BookModel,
    assumed_terms,
    book_model,
    fill_offset_bps,
    ladder_prices,
    ladder_quotes,
    observed_depth,
    units_within,
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
        book = book_model(0.7e9, 270.0)
        modelled = book.depth_quote * units_within(10.0 - book.spread_bps / 2)
        assert 0.5 < modelled / float(resting.mean()) < 2.0


@pytest.mark.parametrize(
    ("notional", "spread", "depth"),
    [(math.nan, 1.0, 1.0), (1.0, math.nan, 1.0), (1.0, 1.0, math.nan), (1.0, 1.0, 0.0), (-1.0, 1.0, 1.0)],
)
def test_unknown_inputs_give_an_unknown_cost(notional: float, spread: float, depth: float) -> None:
    assert math.isnan(fill_offset_bps(notional, spread, depth))


@given(turnovers, ranges, st.floats(0.0, 1.0, allow_subnormal=False))
def test_cost_equals_walking_the_ladder(turnover: float, ranged: float, share: float) -> None:
    book = book_model(turnover, ranged)
    notional = share * book.capacity_quote
    quotes = ladder_quotes(book)
    taken = np.clip(notional - (np.cumsum(quotes) - quotes), 0.0, quotes)
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
    assert ladder_quotes(book, 12).tolist() == [1000.0 * k for k in (*range(1, 11), 10, 10)]
    assert Decimal(str(book.capacity_quote)) == Decimal("3955000.0")


@given(turnovers, ranges, st.floats(0.0, 1e6))
def test_a_book_that_was_never_seen_is_assumed_dearer_than_the_model(
    turnover: float, ranged: float, notional: float
) -> None:
    modelled = book_model(turnover, ranged)
    spread, depth = assumed_terms(turnover, ranged)
    assert modelled.spread_bps <= spread <= UNSEEN_FACTOR * modelled.spread_bps
    dearer = fill_offset_bps(notional, spread, depth)
    assert dearer >= fill_offset_bps(notional, modelled.spread_bps, modelled.depth_quote) - 1e-9


@given(turnovers, ranges)
def test_a_modelled_book_is_found_again_in_its_own_snapshot(turnover: float, ranged: float) -> None:
    """Depths within 10, 50 and 200 bps of a ladder give its quote on the best level, whichever reach is known."""
    book = book_model(turnover, ranged)
    distance = (ladder_prices(1.0, book, "ask") - 1.0) * 1e4
    depths = [float(ladder_quotes(book)[distance <= reach + 1e-6].sum()) for reach in (10, 50, 200)]
    for hidden in ((), (0,), (1, 2)):
        seen = [math.nan if place in hidden else depth for place, depth in enumerate(depths)]
        found = observed_depth(book.spread_bps, *seen)
        if math.isnan(found):
            assert book.spread_bps / 2 > 10
            assert hidden == (1, 2)
        else:
            assert found == pytest.approx(book.depth_quote, rel=0.5)


def test_the_thinnest_reach_decides_and_nothing_seen_is_nothing_known() -> None:
    assert observed_depth(1.0, 55e3, 50e3, math.nan) == 50e3 / units_within(49.5)
    assert math.isnan(observed_depth(1.0, math.nan, math.nan, math.nan))
    assert observed_depth(30.0, 0.0, 9e3, math.nan) == 9e3 / units_within(35.0)


QUOTE_OF_CONTRACT = {"UNI-USD-SWAP": 10.0}  # an inverse contract of 10 USD
AT_THE_TIME = {
    "BTC-USDT": (0.7e9, 270.0),
    "UNI-USD-SWAP": (33.5e6, 441.0),
}  # turnover of 24 h, range of the hour
SIZES = (1e3, 1e4, 1e5)


def recorded_cost(side: pd.DataFrame, mid: float, notional: float) -> float:
    """Average distance from mid, in bps, that `notional` paid in one side of a recorded book, walked level by level."""
    taken = np.diff(np.minimum(np.concatenate(([0.0], side["quote"].cumsum())), notional))
    assert taken.sum() == pytest.approx(notional)
    return abs(notional / (taken / side["price"]).sum() / mid - 1.0) * 1e4


def modelled_and_recorded(rows: pd.DataFrame, pair: str) -> dict[str, list[float]]:
    """Cost in bps of SIZES: recorded (mean of both sides), by the pair's own snapshot, and assumed from turnover."""
    value = rows["price"] if pair not in QUOTE_OF_CONTRACT else QUOTE_OF_CONTRACT[pair]
    sides = [one.sort_values("level") for _, one in rows.assign(quote=rows["size"] * value).groupby("side")]
    touch = [float(side["price"].iloc[0]) for side in sides]
    mid, spread = sum(touch) / 2, abs(touch[0] - touch[1]) / (sum(touch) / 2) * 1e4
    depths = []
    for reach in (10.0, 50.0, 200.0):
        away = [abs(side["price"] / mid - 1.0) * 1e4 for side in sides]
        known = [
            float(s["quote"][d <= reach].sum()) for s, d in zip(sides, away, strict=True) if d.max() > reach
        ]
        depths.append(min(known, default=math.nan))
    seen = max(spread, NARROWEST_SPREAD_BPS), observed_depth(spread, *depths)
    assumed = assumed_terms(*AT_THE_TIME[pair])
    return {
        "recorded": [float(np.mean([recorded_cost(side, mid, size) for side in sides])) for size in SIZES],
        "snapshot": [fill_offset_bps(size, *seen) for size in SIZES],
        "turnover": [fill_offset_bps(size, *assumed) for size in SIZES],
    }


def test_modelled_costs_are_those_of_the_recorded_books(capsys: pytest.CaptureFixture[str]) -> None:
    """Cost per side with the fee, 1,000 to 100,000 quote: within a fifth by snapshot, never too cheap by turnover."""
    lines, recordings = [], sorted(BOOKS.glob("okx_books_*.parquet"))
    assert bool(recordings) == BOOKS.exists()
    for path in recordings:
        rows = pd.read_parquet(path)
        for pair, snapshot in rows[rows["action"] == "snapshot"].groupby("inst_id"):
            found = modelled_and_recorded(snapshot, str(pair))
            real = np.array(found["recorded"])
            for name in ("snapshot", "turnover"):
                lines.append(f"{pair:<14}{name:<10}" + "".join(f"{x:8.2f}" for x in found[name] / real))
            assert (np.abs((np.array(found["snapshot"]) + 10) / (real + 10) - 1) < 0.2).all()
            assert (np.array(found["turnover"]) > real).all()
    with capsys.disabled():
        print("\nmodelled over recorded cost without fee at 1k, 10k, 100k quote", *lines, sep="\n")
