"""The book that a decision rests on: seen in the day before it, wider in a wilder hour, else assumed."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.costs import ASSUMED, DEPTHS, OBSERVED, costs_of, with_books
from okx_core.market.book_model import assumed_terms, units_within

HOUR = timedelta(hours=1)
NOW = datetime(2026, 8, 9, 12, tzinfo=UTC)


def rows(pair="BTC-USDT", hour=NOW, ranged=80.0):
    return pd.DataFrame(
        [{"pair": pair, "timestamp_utc": hour, "turnover_24h_quote": 5e7, "range_1h_bps": ranged}]
    )


def seen(hours_ago, spread=4.0, depth=1e5, pair="BTC-USDT"):
    """Snapshots of a pair, the depth within each reach on the thinner side."""
    return pd.DataFrame(
        [
            {"pair": pair, "timestamp_utc": NOW - ago * HOUR, "spread_bps": spread}
            | {name: depth * (1 if name.startswith("bid") else 3) for name in DEPTHS}
            for ago in hours_ago
        ]
    )


def ranges(hours_ago, bps=80.0, pair="BTC-USDT"):
    return pd.concat([rows(pair, NOW - ago * HOUR, bps) for ago in hours_ago])


def book(found):
    return found["book_spread_bps"].iloc[0], found["book_depth_quote"].iloc[0], found["book_source"].iloc[0]


def test_a_pair_that_was_seen_has_the_book_that_was_seen():
    spread, depth, source = book(with_books(rows(), seen([1, 2, 3]), ranges([0, 1, 2, 3])))
    assert (spread, source) == (4.0, OBSERVED)
    assert depth == pytest.approx(1e5 / units_within(198.0))


@pytest.mark.parametrize("hours_ago", [[], [0], [25], [-1]])
def test_a_snapshot_that_is_old_or_of_the_hour_itself_or_later_is_left_out(hours_ago):
    """That of the hour itself may come before or after the decision: two runs of an hour must not differ by it."""
    snapshots = seen(hours_ago) if hours_ago else seen([1], pair="ETH-USDT")
    spread, depth, source = book(with_books(rows(), snapshots, ranges([0, 1])))
    assert (spread, depth, source) == (*assumed_terms(5e7, 80.0), ASSUMED)


def test_a_wilder_hour_than_that_of_the_snapshot_is_wider_and_a_calmer_one_is_not_narrower():
    both = pd.concat([ranges([0], 240.0), ranges([1], 80.0)])
    wild = book(with_books(rows(ranged=240.0), seen([1]), both))
    assert wild[0] == pytest.approx(12.0)
    assert wild[1] == pytest.approx(1e5 / units_within(198.0) / 3)
    assert book(with_books(rows(), seen([1]), pd.concat([ranges([0], 40.0), ranges([1], 80.0)])))[0] == 4.0


def test_the_worse_of_the_newest_snapshot_and_of_the_median_counts():
    calm, torn = seen(range(2, 8)), seen([1], spread=40.0, depth=1e4)
    hours = ranges(range(8))
    assert book(with_books(rows(), pd.concat([calm, torn]), hours))[0] == 40.0
    usual, lucky = seen(range(2, 8), spread=9.0), seen([1], spread=1.0, depth=1e7)
    found = book(with_books(rows(), pd.concat([usual, lucky]), hours))
    assert found[0] == 9.0
    assert found[1] == pytest.approx(1e5 / units_within(195.5))


def test_an_empty_side_is_no_book_and_no_rows_have_no_books():
    empty = seen([1]).assign(spread_bps=np.nan)
    assert book(with_books(rows(), empty, ranges([0, 1])))[2] == ASSUMED
    assert with_books(rows().iloc[:0], seen([1]), ranges([0])).empty


def test_only_an_unknown_fee_is_replaced():
    frame = pd.DataFrame(
        {"taker_fee_rate": [0.0035, np.nan], "book_spread_bps": [1.0, np.nan], "book_depth_quote": 1.0}
    )
    costs = costs_of(frame, 0.001)
    assert costs.fee_rate.tolist() == [0.0035, 0.001]
    assert np.isnan(costs.spread_bps[1])
