"""Cross-pair features against pandas, hour by hour."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.features.compute import compute_features
from okx_core.features.cross_section import CrossSection
from okx_core.features.kernels.cross_section import market_rank

HOUR = timedelta(hours=1)
FROM = datetime(2024, 5, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def closes(candles):
    table = candles.hourly.pivot(index="timestamp_utc", columns="pair", values="close")
    return table.asfreq("h")


@pytest.fixture(scope="module")
def returns(closes):
    """24-hour returns between known closes."""
    return (100.0 * (closes / closes.shift(24) - 1.0)).loc[FROM:]


def by_pair(full, name, like):
    return full[name].unstack("pair").reindex(like.index)[like.columns].astype(float)


def test_market_return_and_breadth_are_means_over_known_pairs(full, closes, returns):
    mean, breadth = returns.mean(axis=1), (returns > 0.0).where(returns.notna()).astype(float).mean(axis=1)
    assert returns.notna().any().all()
    for name, expected in (("market_return_24h", mean), ("market_breadth_24h", breadth)):
        found = by_pair(full, name, returns)
        for pair in returns:
            known = returns[pair].notna()
            np.testing.assert_allclose(found[pair][known], expected[known], 1e-5, 1e-6)
            assert (found[pair].notna() == closes[pair].loc[FROM:].notna()).all()


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


def test_ranks_of_random_values_are_those_of_pandas():
    rng = np.random.default_rng(4)
    values = rng.normal(0.0, 1e-9, (57, 40)).astype(np.float32).astype(np.float64)
    values[rng.random(values.shape) < 0.3] = np.nan
    values[rng.random(values.shape) < 0.3] = 0.0
    values[3, :5] = -0.0
    values[4, :5] = [np.inf, -np.inf, 1e30, -1e30, 5e-324]
    table = pd.DataFrame(values.astype(np.float32))
    expected = (table.rank() - 1.0) / (table.count() - 1.0)
    np.testing.assert_allclose(market_rank(values), expected, 1e-12)


def universe_of(rows):
    return pd.DataFrame(rows, columns=["day", "pair", "enabled"]).assign(
        day=lambda frame: pd.to_datetime(frame["day"]).dt.date
    )


def test_pairs_outside_the_universe_of_the_day_are_not_compared(candles):
    day = FROM.date().isoformat()
    rows = [(day, pair, pair != "QUIET-USDT") for pair in ("BTC-USDT", "ETH-USDT", "QUIET-USDT")]
    found = (
        compute_features(*vars(candles).values(), FROM, FROM + 48 * HOUR, universe=universe_of(rows))
        .set_index("timestamp_utc")
        .sort_index()
    )
    first_day, second_day = found[: FROM + 23 * HOUR], found[FROM + 24 * HOUR :]
    ranked = first_day.dropna(subset="volume_rank_1h")
    assert set(ranked["pair"]) == {"BTC-USDT", "ETH-USDT"}
    assert set(ranked["volume_rank_1h"]) == {0.0, 1.0}
    assert first_day["market_return_24h"].notna().all()
    assert second_day["volume_rank_1h"].notna().all(), "a day without a universe compares every pair"


def test_a_universe_read_for_longer_changes_no_row(candles):
    days = pd.date_range("2024-01-01", "2024-06-10").date
    generator = np.random.default_rng(8)
    rows = [
        (day, pair, bool(generator.random() < 0.7))
        for day in days
        for pair in ("BTC-USDT", "ETH-USDT", "LATE-USDT")
    ]
    universe = universe_of(rows)
    long = compute_features(*vars(candles).values(), FROM - 300 * HOUR, FROM + 5 * HOUR, universe=universe)
    short = universe[universe["day"] >= (FROM - HOUR).date()]
    some = compute_features(*vars(candles).values(), FROM, FROM + 5 * HOUR, universe=short)
    pd.testing.assert_frame_equal(
        long[long["timestamp_utc"] >= FROM].reset_index(drop=True), some, check_exact=True
    )


def test_beta_is_the_slope_of_a_regression_and_one_on_itself(full, closes):
    moves = np.log(closes / closes.shift(1))
    row = FROM + 300 * HOUR
    window = moves.loc[row - 71 * HOUR : row]
    slope = np.polyfit(window["BTC-USDT"], window["LATE-USDT"], 1)[0]
    assert full.loc[(row, "LATE-USDT"), "btc_beta_72h"] == pytest.approx(slope, rel=1e-5)
    assert full.loc[(row, "BTC-USDT"), "btc_beta_72h"] == pytest.approx(1.0, rel=1e-6)


def test_the_performance_ranks_against_two_coins_differ(full):
    assert (full["performance_rank_btc_1h"] != full["performance_rank_eth_1h"]).mean() > 0.1


def test_the_usdt_pair_stands_for_its_coin():
    values = np.arange(4.0)[:, None]
    market = CrossSection(None, ("BTC-EUR", "BTC-USDC", "BTC-USDT", "ETH-BTC"), np.ones((4, 1), dtype=bool))
    assert market.of_coin("BTC", values).ravel().tolist() == [2.0] * 4
    assert market.of_coin("ETH", values).ravel().tolist() == [3.0] * 4
    assert np.isnan(market.of_coin("SOL", values)).all()


def test_a_pair_of_bitcoin_that_is_listed_later_changes_no_earlier_row(calm):
    renamed = calm.hourly.replace({"pair": {"BTC-USDT": "BTC-USDC", "SOL-USDT": "BTC-USDT"}})
    listed = FROM - 12 * HOUR
    hourly = renamed[(renamed["pair"] != "BTC-USDT") | (renamed["timestamp_utc"] >= listed)]
    before = hourly[hourly["timestamp_utc"] < listed]
    start = listed - 48 * HOUR
    names = ["btc_corr_24h", "btc_beta_72h", "performance_rank_btc_1h"]
    alone = type(calm).of(before).features(start, listed)[names]
    together = type(calm).of(hourly).features(start, listed + 24 * HOUR)[names].loc[: listed - HOUR]
    assert alone.notna().all().all()
    pd.testing.assert_frame_equal(alone, together.loc[alone.index], check_exact=True)
