"""Cross-pair features against pandas, hour by hour."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.features.market import market_rank

HOUR = timedelta(hours=1)
FROM = datetime(2024, 5, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def closes(candles):
    table = candles.hourly.pivot(index="timestamp_utc", columns="pair", values="close")
    return table.asfreq("h")


@pytest.fixture(scope="module")
def returns(closes):
    """24-hour returns over unbroken ways."""
    unbroken = closes.notna().astype(float).rolling(25).sum() == 25
    return (100.0 * (closes / closes.shift(24) - 1.0)).where(unbroken).loc[FROM:]


def by_pair(full, name, like):
    return full[name].unstack("pair").reindex(like.index)[like.columns].astype(float)


def test_market_return_and_breadth_are_means_over_known_pairs(full, returns):
    mean, breadth = returns.mean(axis=1), (returns > 0.0).where(returns.notna()).astype(float).mean(axis=1)
    for name, expected in (("market_return_24h", mean), ("market_breadth_24h", breadth)):
        found = by_pair(full, name, returns)
        for pair in returns:
            known = returns[pair].notna()
            np.testing.assert_allclose(found[pair][known], expected[known], 1e-5, 1e-6)
            assert found[pair][~known].isna().all()


def test_relative_return_is_the_difference_to_the_market(full, returns):
    found = by_pair(full, "relative_return_24h", returns)
    np.testing.assert_allclose(found, returns.sub(returns.mean(axis=1), axis=0), 1e-5, 1e-5)


def test_performance_rank_runs_from_worst_to_best(full, returns):
    ranks = (returns.rank(axis=1) - 1.0).div(returns.count(axis=1) - 1.0, axis=0)
    np.testing.assert_allclose(by_pair(full, "performance_rank_24h", returns), ranks, 1e-6)


def test_volume_rank_orders_the_hour_by_turnover(candles, full, returns):
    hourly = candles.hourly
    turnover = hourly["quote_volume"].fillna(hourly["volume"] * hourly["close"])
    table = hourly.assign(turnover=turnover).pivot(index="timestamp_utc", columns="pair", values="turnover")
    table = table.reindex(returns.index)
    ranks = (table.rank(axis=1) - 1.0).div(table.count(axis=1) - 1.0, axis=0)
    np.testing.assert_allclose(by_pair(full, "volume_rank_1h", returns), ranks, 1e-6)


def test_correlation_with_bitcoin(full, closes, returns):
    moves = np.log(closes / closes.shift(1)).loc[FROM:]
    found = by_pair(full, "btc_corr_24h", returns)["LATE-USDT"].iloc[48:]
    expected = moves["LATE-USDT"].rolling(24).corr(moves["BTC-USDT"]).iloc[48:]
    np.testing.assert_allclose(found, expected, 1e-5, 1e-6)
    assert (by_pair(full, "btc_corr_24h", returns)["BTC-USDT"] > 0.999999).all()


def test_a_market_without_bitcoin_has_no_correlation_with_it(calm):
    others = type(calm).of(calm.hourly[calm.hourly["pair"] != "BTC-USDT"])
    assert others.features(FROM, FROM + 3 * HOUR)["btc_corr_24h"].isna().all()


def test_one_pair_alone_has_no_rank(calm):
    alone = type(calm).of(calm.hourly[calm.hourly["pair"] == "BTC-USDT"])
    rows = alone.features(FROM, FROM + 3 * HOUR)
    assert rows[["performance_rank_24h", "volume_rank_1h", "market_return_24h"]].isna().all().all()


def test_ties_share_the_mean_rank_and_unknown_pairs_have_none():
    values = np.array([[1.0], [3.0], [np.nan], [3.0], [7.0]])
    ranks = market_rank(values)[:, 0]
    pd.testing.assert_series_equal(pd.Series(ranks), pd.Series([0.0, 0.5, np.nan, 0.5, 1.0]))
