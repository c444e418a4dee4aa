"""What the market looked like when an hour was decided: books, public trades, and what swaps paid.

A book or the newest trades can be seen only now: of a past hour there is nothing to observe, and nothing is
made up. Funding rates have a history.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

import dagster as dg
import pandas as pd

from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_core.market.book_depth import depth_quote, spread_bps
from resources.dagster_resources import DatabaseResource, ExchangeResource
from resources.market.universe import enabled_pairs, live_pairs
from resources.okx.client import OkxClient
from resources.okx.rows.market import OrderBook
from resources.postgres.database import Database

HOUR = timedelta(hours=1)
BOOK_LEVELS = 400
DEPTHS_BPS = (10, 50, 200)
CONCURRENT_PAIRS = 8
Seen = TypeVar("Seen")


def _asset(name: str) -> Callable[[Callable[..., dg.MaterializeResult]], dg.AssetsDefinition]:
    """What the assets of this stage share."""
    return dg.asset(
        key=["market", name],
        partitions_def=HOURLY,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(["market", "universe"], partition_mapping=dg.TimeWindowPartitionMapping())],
        group_name="market",
        owners=OWNERS,
        kinds=PYTHON_KINDS,
        metadata=describe(f"market.{name}"),
        check_specs=[
            dg.AssetCheckSpec(
                "observed", asset=["market", name], description="Every pair that was asked for was seen."
            )
        ],
    )


@_asset("order_book_snapshots")
def order_book_snapshots(
    context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
) -> dg.MaterializeResult:
    """Spread and depth of every enabled pair, seen once after the hour closed."""
    start, _ = window_of(context)
    store, client = database.open(), exchange.open()
    pairs = _enabled(store, client, start)
    books = _of_all(pairs, lambda pair: client.order_book(pair, BOOK_LEVELS))
    now = client.now()
    rows = [snapshot(book, now) | {"timestamp_utc": _newest_hour(client)} for book in books]
    store.upsert("market.order_book_snapshots", ["pair", "timestamp_utc"], rows)
    return _result(len(rows), len(pairs), all(row["bid"] and row["ask"] for row in rows))


def snapshot(book: OrderBook, now: datetime) -> dict[str, object]:
    """One row: best prices, spread and depth in quote; what an empty side leaves unknown is None."""
    bid, ask = (levels[0][0] if levels else None for levels in (book.bids, book.asks))
    row: dict[str, object] = {
        "pair": book.inst_id,
        "taken_at": now,
        "bid": bid,
        "ask": ask,
        "spread_bps": None,
    }
    row |= {f"{side}_depth_{bps}bps": None for side in ("bid", "ask") for bps in DEPTHS_BPS}
    row["levels"] = len(book.bids) + len(book.asks)
    if bid is None or ask is None:
        return row
    mid = (bid + ask) / 2
    row["spread_bps"] = spread_bps(bid, ask)
    for side, levels in (("bid", book.bids), ("ask", book.asks)):
        row |= {f"{side}_depth_{bps}bps": depth_quote(levels, mid, bps) for bps in DEPTHS_BPS}
    return row


@_asset("public_trades")
def public_trades(
    context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
) -> dg.MaterializeResult:
    """The newest public trades of every enabled pair, for what orders really cost."""
    start, _ = window_of(context)
    store, client = database.open(), exchange.open()
    pairs = _enabled(store, client, start)
    seen = _of_all(pairs, client.trades)
    rows = pd.DataFrame(
        [
            (trade.inst_id, trade.trade_id, trade.traded_at, trade.price, trade.size, trade.side)
            for trades in seen
            for trade in trades
        ],
        columns=["pair", "trade_id", "traded_at", "price", "size_base", "side"],
    )
    with store.bulk() as bulk:
        bulk.stage("seen", "market.public_trades", rows)
        bulk.run("insert into market.public_trades select * from seen on conflict do nothing")
    return _result(len(rows), len(pairs), all(seen))


@_asset("funding_rates")
def funding_rates(
    context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
) -> dg.MaterializeResult:
    """What longs paid to shorts on the swap of every pair that has one; the exchange keeps three months."""
    start, end = window_of(context)
    store, client = database.open(), exchange.open()
    pairs = set(live_pairs(store, start, end))
    swaps = [
        item.inst_id
        for item in client.instruments("SWAP")
        if item.is_live and f"{item.base}-{item.quote}" in pairs
    ]
    paid = _of_all(swaps, lambda swap: client.funding_rates(swap, start, end))
    source, now = f"okx-{exchange.settings().mode}", client.now()
    rows = [
        {
            "pair": rate.inst_id, "timestamp_utc": rate.paid_at, "rate": rate.rate,
            "realized_rate": rate.realized_rate, "source": source, "ingested_at": now,
        }
        for rates in paid
        for rate in rates
    ]  # fmt: skip
    store.upsert("market.funding_rates", ["pair", "timestamp_utc"], rows)
    return _result(len(rows), len(swaps), passed=True)


def _newest_hour(client: OkxClient) -> datetime:
    """Open of the newest bar that has closed."""
    return client.now().replace(minute=0, second=0, microsecond=0) - HOUR


def _enabled(database: Database, client: OkxClient, hour: datetime) -> list[str]:
    """Pairs to observe: those enabled when the hour closed, and none when that is past."""
    return enabled_pairs(database, hour, hour + HOUR) if hour == _newest_hour(client) else []


def _of_all(pairs: Sequence[str], ask: Callable[[str], Seen]) -> list[Seen]:
    """Ask for every pair, several at a time."""
    with ThreadPoolExecutor(CONCURRENT_PAIRS) as pool:
        return list(pool.map(ask, pairs))


def _result(rows: int, pairs: int, passed: bool) -> dg.MaterializeResult:
    return dg.MaterializeResult(
        metadata=written(rows, pairs=pairs),
        check_results=[
            dg.AssetCheckResult(check_name="observed", passed=passed, severity=dg.AssetCheckSeverity.WARN)
        ],
    )
