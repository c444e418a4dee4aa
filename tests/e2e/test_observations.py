"""Books, trades and funding: what is seen when an hour is decided, and nothing made up about the past."""

from datetime import datetime, timedelta

from okx_assets import keys
from resources.stores import open_exchange

HOUR = timedelta(hours=1)
KEY = "%Y-%m-%d-%H:%M"


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
        "select pair, count(*) as times from market.funding_rates where timestamp_utc >= $1 group by pair",
        (first,),
    )
    assert {row["times"] for row in paid} == {9}
    assert all(row["pair"].endswith("-USDT-SWAP") for row in paid)
