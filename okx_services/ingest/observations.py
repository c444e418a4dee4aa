"""Observations of the market when an hour was decided: order books and public trades.

A book and the newest trades can be seen only now. Of a past hour there is nothing to observe, and nothing is
invented.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import pandas as pd

from okx_core.hours import HOUR, newest_closed_hour
from okx_core.market.book_depth import depth_quote, spread_bps
from resources.market.universe import enabled_pairs
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError
from resources.okx.rows.market import OrderBook
from resources.postgres.database import Database
from resources.postgres.queries import query

BOOK_LEVELS = 400
DEPTHS_BPS = (10, 50, 200)
CONCURRENT_PAIRS = 8
Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Observed:
    """How many rows were stored of how many pairs; `complete` when every pair that was asked for was seen.

    `failed` says of each pair that the exchange refused why.
    """

    rows: int
    pairs: int
    complete: bool
    failed: Mapping[str, str] = field(default_factory=dict)


def record_books(database: Database, client: OkxClient, hour: datetime) -> Observed:
    """Spread and depth of every enabled pair, seen once after `hour` closed."""
    pairs = _enabled(database, client, hour)
    books, failed = seen_of_all(pairs, lambda pair: client.order_book(pair, BOOK_LEVELS))
    now = client.now()
    rows = [snapshot(book, now) | {"timestamp_utc": newest_closed_hour(now)} for book in books]
    database.upsert("market.order_book_snapshots", ["pair", "timestamp_utc"], rows)
    return Observed(
        len(rows), len(pairs), not failed and all(row["bid"] and row["ask"] for row in rows), failed
    )


def snapshot(book: OrderBook, now: datetime) -> dict[str, object]:
    """One row: best prices, spread and depth in quote; what an empty side leaves unknown is None."""
    # A price of zero is how an empty side is written: nothing is offered for nothing.
    bid, ask = (levels[0][0] or None if levels else None for levels in (book.bids, book.asks))
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


def record_public_trades(database: Database, client: OkxClient, hour: datetime) -> Observed:
    """The newest public trades of every enabled pair after `hour` closed, and a summary of them that stays."""
    pairs = _enabled(database, client, hour)
    seen, failed = seen_of_all(pairs, client.trades)
    rows = pd.DataFrame(
        [
            (trade.inst_id, trade.trade_id, trade.traded_at, trade.price, trade.size, trade.side)
            for trades in seen
            for trade in trades
        ],
        columns=["pair", "trade_id", "traded_at", "price", "size_base", "side"],
    )
    with database.bulk() as bulk:
        bulk.stage("seen", "market.public_trades", rows)
        bulk.run("insert into market.public_trades select * from seen on conflict do nothing")
        bulk.run(query("summarise_public_trades"), (hour,))
    return Observed(len(rows), len(pairs), not failed and all(seen), failed)


def forget_public_trades(database: Database, before: datetime) -> int:
    """Remove public trades made before a moment; their summaries stay. How many they were."""
    return database.execute("delete from market.public_trades where traded_at < $1", (before,))


def _enabled(database: Database, client: OkxClient, hour: datetime) -> list[str]:
    """Pairs to observe: those enabled when the hour closed, and none when that is past."""
    return enabled_pairs(database, hour, hour + HOUR) if hour == newest_closed_hour(client.now()) else []


def seen_of_all(pairs: Sequence[str], ask: Callable[[str], Seen]) -> tuple[list[Seen], dict[str, str]]:
    """Ask for every pair, several at a time: what was seen, and why some were not; raises when none was."""
    with ThreadPoolExecutor(CONCURRENT_PAIRS) as pool:
        tasks = {pair: pool.submit(ask, pair) for pair in pairs}
    seen, errors = [], {}
    for pair, task in tasks.items():
        try:
            seen.append(task.result())
        except OkxError as error:
            errors[pair] = error
    if errors and not seen:
        raise next(iter(errors.values()))
    return seen, {pair: str(error) for pair, error in errors.items()}
