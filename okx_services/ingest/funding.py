"""Funding of swaps: what longs paid to shorts, and when. Features know from it when the next payment is due."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from okx_core.hours import HOUR, newest_closed_hour
from okx_services.ingest.observations import Observed, seen_of_all
from resources.market.universe import live_pairs
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError
from resources.okx.rows.market import FundingForecast
from resources.postgres.database import Database

MILLISECOND = timedelta(milliseconds=1)
SWAP = "-SWAP"
Payment = tuple[str, datetime, Decimal, Decimal | None]  # swap, when, rate, rate as settled
Found = tuple[list[Payment], int, dict[str, str]]  # payments, of how many swaps, and why some were not seen


def record_funding(
    database: Database, client: OkxClient, start: datetime, end: datetime, source: str
) -> Observed:
    """Store the payments after `start` until `end` of every live pair's swap; OKX keeps three months.

    Of the hour that closed last, the last payment of every swap, whenever it was: one request has them all. An
    exchange that does not answer is reported, not raised: an hour can be decided without it.
    """
    pairs = set(live_pairs(database, start, end))
    now = client.now()
    is_newest = (start, end) == (newest_closed_hour(now), newest_closed_hour(now) + HOUR)
    try:
        payments, swaps, failed = (
            _last_payments(client, pairs) if is_newest else _payments_between(client, pairs, start, end)
        )
    except OkxError as error:
        return Observed(0, len(pairs), complete=False, failed={"every swap": str(error)})
    rows = [
        {
            "pair": swap, "timestamp_utc": paid_at, "rate": rate,
            "realized_rate": settled, "source": source, "ingested_at": now,
        }
        for swap, paid_at, rate, settled in payments
    ]  # fmt: skip
    database.upsert("market.funding_rates", ["pair", "timestamp_utc"], rows)
    return Observed(len(rows), swaps, complete=not failed, failed=failed)


def _last_payments(client: OkxClient, pairs: set[str]) -> Found:
    """The last payment of each swap; where its rate is unknown, from the history of that swap."""
    known = [row for row in client.funding_forecasts() if row.inst_id.removesuffix(SWAP) in pairs]
    paid = [row for row in known if row.previous_due_at is not None]
    payments, failed = _history(client, [row for row in paid if row.settled_rate is None])
    return [*payments, *_settled(paid)], len(known), failed


def _settled(rows: Iterable[FundingForecast]) -> Iterator[Payment]:
    for row in rows:
        if row.previous_due_at is not None and row.settled_rate is not None:
            final = row.settled_rate if row.settlement == "settled" else None
            yield row.inst_id, row.previous_due_at, row.settled_rate, final


def _history(client: OkxClient, rows: list[FundingForecast]) -> tuple[list[Payment], dict[str, str]]:
    moments = {row.inst_id: row.previous_due_at for row in rows if row.previous_due_at is not None}
    return _paid(client, {swap: (moment, moment) for swap, moment in moments.items()})


def _payments_between(client: OkxClient, pairs: set[str], start: datetime, end: datetime) -> Found:
    swaps = [
        item.inst_id
        for item in client.instruments("SWAP")
        if item.is_live and f"{item.base}-{item.quote}" in pairs
    ]
    payments, failed = _paid(client, dict.fromkeys(swaps, (start + MILLISECOND, end)))
    return payments, len(swaps), failed


def _paid(
    client: OkxClient, windows: dict[str, tuple[datetime, datetime]]
) -> tuple[list[Payment], dict[str, str]]:
    """The payments of each swap from the first moment to the last, both included; and why some were not seen."""

    def asked(swap: str) -> list[Payment]:
        first, last = windows[swap]
        return [
            (rate.inst_id, rate.paid_at, rate.rate, rate.realized_rate)
            for rate in client.funding_rates(swap, first, last + MILLISECOND)
        ]

    found, failed = seen_of_all(list(windows), asked)
    return [payment for payments in found for payment in payments], failed
