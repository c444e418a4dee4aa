"""The execution desk: turns the newest signals into orders, at most one per decision, whatever crashes.

    lease -> settle what an earlier run left open -> refuse or decide -> journal -> send -> record

Every step commits before the next begins. `checkpoint` is called between them by name, so that a test can
kill the run at each one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from okx_assets.trading.journal import Journal, JournaledIntent
from okx_assets.trading.portfolio import HeldPosition, reconcile, record_order, stored_positions
from okx_core.decisions.portfolio import desired_orders
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.execution import OrderIntent, buy_size, sell_size, staleness
from okx_core.instruments import Instrument
from resources.database import Database
from resources.okx.client import OkxClient
from resources.okx.errors import PermanentError, TransientError, UnknownOutcomeError

ORDER_LIFETIME = timedelta(seconds=5)
SETTLING_TIME = timedelta(seconds=2)
LONGEST_WAIT_SECONDS = 12.0
MOST_ATTEMPTS = 3
SENDABLE_STATES = ("journaled", "not_placed")


def no_checkpoint(_name: str) -> None:
    """Nothing happens between the steps of a real run."""


@dataclass
class ExecutionReport:
    """What a run did, for the asset's metadata."""

    refusal: str = ""
    placed: int = 0
    rejected: int = 0
    unresolved: int = 0
    settled: int = 0
    positions: int = 0
    skipped: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ExecutionDesk:
    """One run of the execution op."""

    store: Database
    client: OkxClient
    journal: Journal
    rules: DecisionRules
    limits: RiskLimits
    quote_currency: str
    checkpoint: Callable[[str], None] = no_checkpoint

    def run(self, refusal: str = "") -> ExecutionReport:
        """Settle, then trade the newest signal hour unless `refusal` or the hour's age forbids it."""
        report = ExecutionReport(refusal=refusal)
        with self.journal.lease():
            instruments = {item.inst_id: item for item in self.client.instruments("SPOT")}
            self._settle(report)
            signal_hour = self.store.scalar("select max(timestamp_utc) from trading.signals")
            report.refusal = report.refusal or self._objection(signal_hour)
            if not report.refusal:
                self._trade(signal_hour, instruments, report)
            report.positions = len(self._reconciled(instruments))
        return report

    def _objection(self, signal_hour: datetime | None) -> str:
        if signal_hour is None:
            return "there are no signals: materialise trading/signals first"
        if self.journal.is_executed(signal_hour):
            return f"hour {signal_hour:%Y-%m-%d %H:%M} has been executed"
        return staleness(signal_hour, self.client.server_time())

    def _trade(
        self, signal_hour: datetime, instruments: Mapping[str, Instrument], report: ExecutionReport
    ) -> None:
        self.journal.drop_stale(signal_hour)
        if not self.journal.of_hour(signal_hour):
            held = self._reconciled(instruments)
            self.journal.write(
                self._decide(signal_hour, instruments, held, report), self.client.server_time()
            )
            self.checkpoint("journaled")
        for _ in range(MOST_ATTEMPTS):
            pending = [entry for entry in self.journal.of_hour(signal_hour) if entry.state in SENDABLE_STATES]
            for entry in sorted(pending, key=lambda e: (e.intent.side == "buy", e.intent.pair)):
                self._advance(entry, report)
        if report.unresolved == 0:
            note = "; ".join(report.skipped)
            self.journal.complete(signal_hour, self.client.server_time(), report.placed, note)
            self.checkpoint("completed")

    def _advance(self, entry: JournaledIntent, report: ExecutionReport) -> None:
        """Send a decision that has not been sent; one proven not placed gets a new attempt and a new id."""
        intent = entry.intent
        if entry.state == "not_placed":
            stale = staleness(intent.signal_hour, self.client.server_time())
            if stale or intent.attempt == MOST_ATTEMPTS:
                return
            intent = replace(intent, attempt=intent.attempt + 1)
            self.journal.write([intent], self.client.server_time())
        self._send(intent, report)

    def _send(self, intent: OrderIntent, report: ExecutionReport) -> None:
        now = self.client.server_time()
        stale = staleness(intent.signal_hour, now)
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
        except UnknownOutcomeError as error:
            self.journal.mark(intent, "unknown", detail=str(error))
            self._resolve(JournaledIntent(intent, "unknown", expires_at), report)
            return
        except (PermanentError, TransientError) as error:
            # The exchange said that it did not take the order.
            self.journal.mark(intent, "rejected", detail=str(error))
            report.rejected += 1
            return
        self.checkpoint("sent")
        self.journal.mark(intent, "accepted", order_id=ack.order_id)
        self.checkpoint("accepted")
        report.placed += 1
        self._record(intent, report)

    def _record(self, intent: OrderIntent, report: ExecutionReport) -> None:
        order = self.client.order(intent.pair, intent.client_order_id)
        if order is None:
            self.journal.mark(intent, "unknown", detail="accepted, but not found by its client order id")
            report.unresolved += 1
            return
        record_order(self.store, self.client, order)
        self.checkpoint("recorded")

    def _settle(self, report: ExecutionReport) -> None:
        """Find out what became of orders that an earlier run sent or may have sent."""
        for entry in self.journal.unresolved():
            self._resolve(entry, report)
        for entry in self.journal.accepted_without_final_order():
            self._record(entry.intent, report)
            report.settled += 1

    def _resolve(self, entry: JournaledIntent, report: ExecutionReport) -> None:
        """Adopt the order if it exists; declare it not placed once it can no longer land; else leave it open."""
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while True:
            order = self.client.order(entry.intent.pair, entry.intent.client_order_id)
            if order is not None:
                self.journal.mark(
                    entry.intent, "accepted", detail="found at the exchange", order_id=order.order_id
                )
                record_order(self.store, self.client, order)
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

    def _reconciled(self, instruments: Mapping[str, Instrument]) -> dict[str, HeldPosition]:
        positions = stored_positions(self.store, instruments)
        balances = {coin.currency: coin.cash for coin in self.client.balance().details}
        return reconcile(
            self.store, positions, instruments, balances, self._prices(), self.client.server_time()
        )

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
        """The orders that the shared decision code wants, as intents on the lot grid."""
        signals = {row["pair"]: row for row in self.store.rows(
            "select * from trading.signals where timestamp_utc = $1 order by pair", (signal_hour,)
        )}  # fmt: skip
        prices = self._prices()
        unresolved = {entry.intent.pair for entry in self.journal.unresolved()}
        cash = self.client.balance().available(self.quote_currency)
        pairs = sorted(set(signals) | {pair for pair, h in held.items() if h.position.opened_at is not None})
        orders = desired_orders(
            prediction_pct=np.array([_number(signals.get(p, {}).get("prediction_pct")) for p in pairs]),
            tradable=np.array([bool(signals.get(p, {}).get("tradable", False)) for p in pairs]),
            held_base=np.array([_held_base(held.get(p)) for p in pairs]),
            held_hours=np.array([_held_hours(held.get(p), self.client.server_time()) for p in pairs]),
            price=np.array([_number(prices.get(p)) for p in pairs]),
            cash_quote=float(cash),
            rules=self.rules,
            limits=self.limits,
            size_multiplier=np.array([_number(signals.get(p, {}).get("risk_multiplier")) for p in pairs]),
        )
        intents = []
        for pair, order_quote in zip(pairs, orders, strict=True):
            if order_quote == 0:
                continue
            objection = self._pair_objection(pair, instruments, held, unresolved)
            size = None if objection else _size(order_quote, prices[pair], held.get(pair), instruments[pair])
            if size is None:
                report.skipped.append(f"{pair}: {objection or 'below the minimum order size'}")
                continue
            intents.append(_intent(signal_hour, pair, order_quote, size, prices[pair], signals))
        return intents

    def _pair_objection(
        self,
        pair: str,
        instruments: Mapping[str, Instrument],
        held: Mapping[str, HeldPosition],
        unresolved: Sequence[str] | set[str],
    ) -> str:
        if pair not in instruments or not instruments[pair].is_live:
            return "not live at the exchange"
        if pair in unresolved:
            return "an earlier order's outcome is unknown"
        return held[pair].lock_reason if pair in held else ""


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _held_base(held: HeldPosition | None) -> float:
    """Base units held; dust that cannot be sold counts as nothing."""
    return 0.0 if held is None or held.position.opened_at is None else float(held.position.quantity_base)


def _held_hours(held: HeldPosition | None, now: datetime) -> float:
    """Whole hours since the hour the position was opened in."""
    if held is None or held.position.opened_at is None:
        return 0.0
    opened = held.position.opened_at.replace(minute=0, second=0, microsecond=0)
    return float((now - opened) // timedelta(hours=1))


def _size(
    order_quote: float, price: Decimal, held: HeldPosition | None, instrument: Instrument
) -> Decimal | None:
    if order_quote > 0:
        return buy_size(order_quote, price, instrument)
    return None if held is None else sell_size(held.position.quantity_base, instrument)


def _intent(
    signal_hour: datetime,
    pair: str,
    order_quote: float,
    size: Decimal,
    price: Decimal,
    signals: Mapping[str, Mapping[str, Any]],
) -> OrderIntent:
    signal = signals.get(pair) or next(iter(signals.values()))
    return OrderIntent(
        signal_hour=signal_hour,
        pair=pair,
        attempt=1,
        side="buy" if order_quote > 0 else "sell",
        size_base=size,
        decision_price=price,
        prediction_pct=signals[pair]["prediction_pct"] if pair in signals else None,
        model_name=signal["model_name"],
        model_version=signal["model_version"],
        reason="prediction above costs" if order_quote > 0 else "horizon over or prediction turned",
    )
