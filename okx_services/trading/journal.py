"""The intent journal: written before anything is sent, so that a crash at any point can be resolved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from okx_core.errors import OkxSignalError
from okx_core.trading.intents import OrderIntent
from resources.postgres.database import Database
from resources.postgres.queries import query

EXECUTION_LOCK = 0x4F4B5831
OPEN_STATES = ("journaled", "sending", "unknown")


class LeaseTakenError(OkxSignalError):
    """Another execution holds the lease."""


@dataclass(frozen=True)
class JournaledIntent:
    """An intent with what is known of its order."""

    intent: OrderIntent
    state: str
    expires_at: datetime | None


@dataclass(frozen=True)
class Arrival:
    """The best prices when an order was sent, and the exchange time at which they were seen."""

    bid: Decimal
    ask: Decimal
    seen_at: datetime


@dataclass(frozen=True)
class Journal:
    """trading.intents and trading.executed_hours; every change is its own committed transaction."""

    database: Database
    run_id: str

    @contextmanager
    def lease(self) -> Iterator[None]:
        """Hold the right to trade; the server takes it back when this process dies."""
        with self.database.connect(autocommit=True) as connection:
            row = connection.execute("select pg_try_advisory_lock($1)", (EXECUTION_LOCK,)).fetchone()
            if row is None or not row[0]:
                raise LeaseTakenError("another execution is running: this one places nothing")
            try:
                yield
            finally:
                # The server takes it back some time after the connection has ended: the next run may come before.
                if not connection.broken:
                    connection.execute("select pg_advisory_unlock($1)", (EXECUTION_LOCK,))

    def is_executed(self, signal_hour: datetime) -> bool:
        found = self.database.scalar(
            "select 1 from trading.executed_hours where signal_hour = $1", (signal_hour,)
        )
        return found is not None

    def write(self, intents: Sequence[OrderIntent], now: datetime) -> None:
        """All decisions of an hour in one transaction: either all are stored or none."""
        with self.database.connect() as connection:
            for intent in intents:
                connection.execute(
                    query("journal_intent"),
                    (
                        intent.client_order_id, intent.signal_hour, intent.pair, intent.attempt, intent.side,
                        intent.size_base, intent.decision_price, intent.predicted_excess_pct, intent.model_name,
                        intent.model_version, intent.reason, self.run_id, now,
                    ),
                )  # fmt: skip

    def mark(
        self,
        intent: OrderIntent,
        state: str,
        *,
        detail: str = "",
        order_id: str | None = None,
        expires_at: datetime | None = None,
    ) -> None:
        self.database.execute(
            "update trading.intents set state = $2, detail = $3, order_id = coalesce($4, order_id), "
            "expires_at = coalesce($5, expires_at) where client_order_id = $1",
            (intent.client_order_id, state, detail, order_id, expires_at),
        )

    def note_arrival(self, intent: OrderIntent, arrival: Arrival) -> None:
        """Keep the prices at which the order is sent: what it cost is measured from their middle."""
        self.database.execute(
            "update trading.intents set arrival_bid = $2, arrival_ask = $3, arrived_at = $4 "
            "where client_order_id = $1",
            (intent.client_order_id, arrival.bid, arrival.ask, arrival.seen_at),
        )

    def of_hour(self, signal_hour: datetime) -> list[JournaledIntent]:
        """The last attempt of every decision of the hour, by pair."""
        return self._select(
            "select distinct on (pair) * from trading.intents where signal_hour = $1 order by pair, attempt desc",
            (signal_hour,),
        )

    def unresolved(self) -> list[JournaledIntent]:
        """Intents whose order may or may not exist."""
        return self._select(
            "select * from trading.intents where state in ('sending', 'unknown') order by pair"
        )

    def accepted_without_final_order(self) -> list[JournaledIntent]:
        """Accepted intents whose order has not been stored in a final state, because a run died before."""
        return self._select(query("accepted_without_final_order"))

    def drop_stale(self, signal_hour: datetime) -> None:
        """Intents of other hours that were never sent will never be."""
        self.database.execute(
            "update trading.intents set state = 'not_placed', detail = 'never sent; its hour has passed' "
            "where state = 'journaled' and signal_hour <> $1",
            (signal_hour,),
        )

    def complete(self, signal_hour: datetime, now: datetime, orders: int, note: str) -> None:
        self.database.execute(
            "insert into trading.executed_hours (signal_hour, decided_at, run_id, orders, note) "
            "values ($1, $2, $3, $4, $5) on conflict do nothing",
            (signal_hour, now, self.run_id, orders, note),
        )

    def _select(self, statement: str, parameters: Sequence[object] = ()) -> list[JournaledIntent]:
        return [_from_row(row) for row in self.database.rows(statement, parameters)]


def _from_row(row: dict[str, Any]) -> JournaledIntent:
    intent = OrderIntent(
        signal_hour=row["signal_hour"],
        pair=row["pair"],
        attempt=row["attempt"],
        side=row["side"],
        size_base=Decimal(row["size_base"]),
        decision_price=Decimal(row["decision_price"]),
        predicted_excess_pct=row["predicted_excess_pct"],
        model_name=row["model_name"],
        model_version=row["model_version"],
        reason=row["reason"],
    )
    return JournaledIntent(intent, row["state"], row["expires_at"])
