"""Books, trades and funding: what is seen when an hour is decided, and nothing made up about the past."""

from datetime import datetime, timedelta

import numpy as np

from okx_assets import keys
from resources.stores import open_exchange, open_feature_store

HOUR = timedelta(hours=1)
KEY = "%Y-%m-%d-%H:%M"


def store_of(market):
    return open_feature_store(market.settings.database, market.settings.feature_store)


def newest_hour(market) -> datetime:
    """The hour that closed last at the exchange; other tests may have moved its clock on."""
    return open_exchange(market.settings.exchange).now().replace(minute=0, second=0, microsecond=0) - HOUR


def test_the_newest_hour_is_observed_once_per_enabled_pair(market) -> None:
    newest = newest_hour(market)
    for _ in range(2):
        market.pipeline.run("observe_hour", partition_key=newest.strftime(KEY))
    enabled = market.store.scalar(
        "select count(*) from market.universe where enabled and day = "
        "(select max(day) from market.universe where day <= $1)",
        (newest.date(),),
    )
    books = market.store.rows("select * from market.order_book_snapshots")
    assert len(books) == enabled > 0
    for book in books:
        assert book["timestamp_utc"] == newest
        assert book["bid"] < book["ask"]
        assert book["spread_bps"] > 0
        assert book["bid_depth_10bps"] <= book["bid_depth_50bps"]
        assert 0 < book["ask_depth_10bps"] <= book["ask_depth_50bps"]
    trades = market.store.rows("select pair, count(*) as trades from market.public_trades group by pair")
    assert len(trades) == enabled
    assert {row["trades"] for row in trades} == {500}
    summaries = market.store.rows("select * from market.public_trade_summaries")
    assert len(summaries) == enabled
    for row in summaries:
        assert (row["trades"], row["timestamp_utc"]) == (500, newest)
        seen = market.store.frame(
            "select price::float8, size_base::float8, side from market.public_trades where pair = $1",
            (row["pair"],),
        )
        assert np.isclose(row["turnover_quote"], (seen["price"] * seen["size_base"]).sum())
        assert np.isclose(row["bought_base"], seen.loc[seen["side"] == "buy", "size_base"].sum())
        assert row["lowest_price"] <= row["mean_price"] <= row["highest_price"]


def test_housekeeping_removes_old_trades_and_keeps_their_summaries_and_every_partition(market) -> None:
    newest = newest_hour(market)
    market.pipeline.run("observe_hour", partition_key=newest.strftime(KEY))
    known = market.instance.get_materialized_partitions(keys.FEATURES_1H)
    market.store.execute(
        "insert into market.public_trades select pair, 'old' || trade_id, traded_at - interval '3 days', price, "
        "size_base, side from market.public_trades"
    )
    before = [
        market.store.scalar(f"select count(*) from market.{table}")
        for table in ("public_trades", "public_trade_summaries")
    ]
    assert market.pipeline.run("remove_leftovers").success
    assert market.store.scalar("select count(*) from market.public_trades") == before[0] // 2
    assert market.store.scalar("select count(*) from market.public_trade_summaries") == before[1] > 0
    assert market.instance.get_materialized_partitions(keys.FEATURES_1H) == known
    files = {file.path for file in store_of(market).manifest.every()}
    assert files <= {file.path for file in store_of(market).root.files()}


def test_of_a_past_hour_only_funding_is_known(market) -> None:
    seen = "select count(*) from market.order_book_snapshots where timestamp_utc <> $1"
    before = market.store.scalar(seen, (newest_hour(market),))
    last = newest_hour(market)
    first = last - 71 * HOUR
    market.pipeline.run_range(
        [keys.ORDER_BOOK_SNAPSHOTS, keys.PUBLIC_TRADES, keys.FUNDING_RATES],
        first.strftime(KEY),
        last.strftime(KEY),
    )
    assert market.store.scalar(seen, (last,)) == before
    paid = market.store.rows(
        "select pair, count(*) as times from market.funding_rates where timestamp_utc > $1 and timestamp_utc <= $2 "
        "group by pair",
        (first, last + HOUR),
    )
    assert {row["times"] for row in paid} == {9, 18}  # some swaps pay every four hours
    assert all(row["pair"].endswith("-USDT-SWAP") for row in paid)
