"""The order executor: turns the newest signals into orders, at most one per decision, whatever crashes.

    lease -> settle what an earlier run left open -> reject the hour or decide -> journal -> send -> record

Every step commits before the next begins. `checkpoint` is called between them by name, so that a test can
kill the run at each one.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from okx_core.decisions.protections import DEFAULT_PROTECTIONS, Protections
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.market.instruments import Instrument
from okx_core.trading.intents import OrderIntent, age_rejection
from okx_services.trading.account_fees import current_fees, fee_words, record_fees
from okx_services.trading.journal import Arrival, Journal, JournaledIntent
from okx_services.trading.order_planning import Situation, decide
from okx_services.trading.protections import note_equity, refused_pairs
from okx_services.trading.reconciliation import HeldPosition, reconcile, record_order, stored_positions
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError, ParsingError, PermanentError, TransientError, UnknownOutcomeError
from resources.postgres.database import Database

ORDER_LIFETIME = timedelta(seconds=5)
SETTLING_TIME = timedelta(seconds=2)
MAX_WAIT_SECONDS = 12.0
MAX_ATTEMPTS = 3
SENDABLE_STATES = ("journaled", "not_placed")
CLIENT_ID_OPEN_CODE = "51016"  # an order with this id exists already


def no_checkpoint(_name: str) -> None:
    """Nothing happens between the steps of a real run."""


@dataclass
class ExecutionReport:
    """The outcome of a run, for the asset's metadata."""

    rejection_reason: str = ""
    placed: int = 0
    rejected: int = 0
    unresolved: int = 0
    settled: int = 0
    positions: int = 0
    cash_quote: Decimal | None = None
    skipped: list[str] = field(default_factory=list)
    fees: str = ""


@dataclass(frozen=True)
class OrderExecutor:
    """One run of the execution op."""

    database: Database
    client: OkxClient
    journal: Journal
    rules: DecisionRules
    limits: RiskLimits
    quote_currency: str
    protections: Protections = DEFAULT_PROTECTIONS
    checkpoint: Callable[[str], None] = no_checkpoint

    def run(self, rejection_reason: str = "") -> ExecutionReport:
        """Settle, then trade the newest signal hour unless `rejection_reason` or the hour's age forbids it."""
        report = ExecutionReport(rejection_reason=rejection_reason)
        with self.journal.lease():
            self.client.server_time()  # measure the offset once; `now` follows it
            listings = self.client.listings("SPOT")
            instruments = {row.inst_id: row.instrument for row in listings if row.instrument is not None}
            self._settle(report)
            unread = record_fees(self.database, self.client, listings, self.client.now())
            report.fees = "; ".join(words for words in (fee_words(self.database), unread) if words)
            signal_hour = self.database.scalar("select max(timestamp_utc) from trading.signals")
            report.rejection_reason = report.rejection_reason or self._rejection_reason(signal_hour)
            if not report.rejection_reason:
                self._trade(signal_hour, instruments, report)
            report.positions = len(self._reconciled(instruments, report))
        return report

    def _rejection_reason(self, signal_hour: datetime | None) -> str:
        if signal_hour is None:
            return "there are no signals, because no hour has been decided yet: run `okxsignal run-hour`"
        if self.journal.is_executed(signal_hour):
            return f"hour {signal_hour:%Y-%m-%d %H:%M} has been executed"
        return age_rejection(signal_hour, self.client.now())

    def _trade(
        self, signal_hour: datetime, instruments: Mapping[str, Instrument], report: ExecutionReport
    ) -> None:
        self.journal.drop_stale(signal_hour)
        if not self.journal.of_hour(signal_hour):
            held = self._reconciled(instruments, report)
            self.journal.write(self._decide(signal_hour, instruments, held, report), self.client.now())
            self.checkpoint("journaled")
        for _ in range(MAX_ATTEMPTS):
            pending = [entry for entry in self.journal.of_hour(signal_hour) if entry.state in SENDABLE_STATES]
            if not pending:
                break
            arrivals = self._arrivals()
            for entry in sorted(pending, key=lambda e: (e.intent.side == "buy", e.intent.pair)):
                self._advance(entry, arrivals, report)
        # Every order is on its way before the first is read back: the reads can wait, the market does not.
        self._record_accepted(report)
        if report.unresolved == 0:
            note = "; ".join(report.skipped)
            self.journal.complete(signal_hour, self.client.now(), report.placed, note)
            self.checkpoint("completed")

    def _arrivals(self) -> dict[str, Arrival]:
        """The best prices of every pair just before the orders of an hour are sent; none while they cannot be read."""
        try:
            tickers = self.client.tickers("SPOT")
        except OkxError:
            return {}
        return {one.inst_id: Arrival(one.bid, one.ask, one.as_of) for one in tickers if one.bid and one.ask}

    def _advance(
        self, entry: JournaledIntent, arrivals: Mapping[str, Arrival], report: ExecutionReport
    ) -> None:
        """Send a decision that has not been sent; one that was certainly not placed gets a new attempt and a new id."""
        intent = entry.intent
        if entry.state == "not_placed":
            stale = age_rejection(intent.signal_hour, self.client.now())
            if stale or intent.attempt == MAX_ATTEMPTS:
                return
            intent = replace(intent, attempt=intent.attempt + 1)
            self.journal.write([intent], self.client.now())
        if intent.pair in arrivals:
            self.journal.note_arrival(intent, arrivals[intent.pair])
        self._send(intent, report)

    def _send(self, intent: OrderIntent, report: ExecutionReport) -> None:
        now = self.client.now()
        stale = age_rejection(intent.signal_hour, now)
        if stale:
            self.journal.mark(intent, "not_placed", detail=stale)
            report.skipped.append(f"{intent.pair}: {stale}")
            return
        expires_at = now + ORDER_LIFETIME
        self.journal.mark(intent, "sending", expires_at=expires_at)
        self.checkpoint("marked")
        try:
            ack = self.client.place_market_order(
                intent.pair, intent.side, intent.size_base, intent.client_order_id, expires_at
            )
        except (UnknownOutcomeError, ParsingError) as error:
            # A response that cannot be read leaves the outcome unknown: the order may exist.
            self.journal.mark(intent, "unknown", detail=str(error))
            self._resolve(JournaledIntent(intent, "unknown", expires_at), report)
            return
        except TransientError as error:
            # It certainly was not taken, and the next attempt may be.
            self.journal.mark(intent, "not_placed", detail=str(error))
            report.skipped.append(f"{intent.pair}: {error}")
            return
        except PermanentError as error:
            if error.code == CLIENT_ID_OPEN_CODE:
                self.journal.mark(intent, "unknown", detail=str(error))
                self._resolve(JournaledIntent(intent, "unknown", expires_at), report)
                return
            self.journal.mark(intent, "rejected", detail=str(error))
            report.rejected += 1
            return
        self.checkpoint("sent")
        self.journal.mark(intent, "accepted", order_id=ack.order_id)
        self.checkpoint("accepted")
        report.placed += 1

    def _record(self, intent: OrderIntent, report: ExecutionReport) -> None:
        order = self.client.order(intent.pair, intent.client_order_id)
        if order is None:
            self.journal.mark(intent, "unknown", detail="accepted, but not found by its client order id")
            report.unresolved += 1
            return
        record_order(self.database, self.client, order)
        self.checkpoint("recorded")

    def _settle(self, report: ExecutionReport) -> None:
        """Find out what became of orders that an earlier run sent or may have sent."""
        for entry in self.journal.unresolved():
            self._resolve(entry, report)
        report.settled += self._record_accepted(report)

    def _record_accepted(self, report: ExecutionReport) -> int:
        """Store every accepted order whose final state is not stored yet; how many there were."""
        accepted = self.journal.accepted_without_final_order()
        for entry in accepted:
            self._record(entry.intent, report)
        return len(accepted)

    def _resolve(self, entry: JournaledIntent, report: ExecutionReport) -> None:
        """Adopt the order if it exists; declare it not placed once it can no longer land; else leave it open."""
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while True:
            order = self.client.order(entry.intent.pair, entry.intent.client_order_id)
            if order is not None:
                self.journal.mark(
                    entry.intent, "accepted", detail="found at the exchange", order_id=order.order_id
                )
                record_order(self.database, self.client, order)
                report.settled += 1
                return
            expired = (
                entry.expires_at is not None and self.client.server_time() > entry.expires_at + SETTLING_TIME
            )
            if expired:
                self.journal.mark(
                    entry.intent, "not_placed", detail="the exchange does not know it; it has expired"
                )
                report.settled += 1
                return
            if time.monotonic() > deadline:
                self.journal.mark(entry.intent, "unknown", detail="not found, but it may still land")
                report.unresolved += 1
                return
            time.sleep(0.5)

    def _reconciled(
        self, instruments: Mapping[str, Instrument], report: ExecutionReport
    ) -> dict[str, HeldPosition]:
        positions = stored_positions(self.database, instruments)
        balances = {coin.currency: coin.cash for coin in self.client.balance().details}
        report.cash_quote = balances.get(self.quote_currency, Decimal(0))
        prices, now = self._prices(), self.client.now()
        held = reconcile(self.database, positions, instruments, balances, prices, now)
        note_equity(self.database, report.cash_quote, held, prices, now)
        return held

    def _prices(self) -> dict[str, Decimal]:
        return {
            ticker.inst_id: ticker.last for ticker in self.client.tickers("SPOT") if ticker.last is not None
        }

    def _decide(
        self,
        signal_hour: datetime,
        instruments: Mapping[str, Instrument],
        held: Mapping[str, HeldPosition],
        report: ExecutionReport,
    ) -> list[OrderIntent]:
        """The orders that the decision code wants in this hour; those that cannot be placed are in the report."""
        signals = self.database.rows("select * from trading.signals where timestamp_utc = $1", (signal_hour,))
        now = self.client.now()
        by_pair = {row["pair"]: row for row in signals}
        situation = Situation(
            now=now,
            cash_quote=self.client.balance().available(self.quote_currency),
            held=held,
            prices=self._prices(),
            instruments=instruments,
            unresolved=frozenset(entry.intent.pair for entry in self.journal.unresolved()),
            fees=current_fees(self.database),
            refused=refused_pairs(self.database, instruments, held, list(by_pair), now, self.protections),
        )
        intents, skipped = decide(signal_hour, by_pair, situation, self.rules, self.limits)
        report.skipped += skipped
        return intents
