"""Settles the account up to a moment: fills, triggers, funding, margin calls and the dead man's switch.

Whenever the exchange is asked anything, `settle` walks the tape's path since the last look and lets
everything happen in the order of time, each at the market of its own moment. What follows from it, such
as the child of an algo order, takes part from then on.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from okx_simulator.account.bookkeeping import LIQUIDATED, MAKER, Bookkeeper, held_by
from okx_simulator.account.margin import remaining
from okx_simulator.engine.algo_engine import AlgoOrderEngine
from okx_simulator.engine.algo_triggers import Trigger, first_trigger
from okx_simulator.engine.closing_out import DELIVERED, close_out
from okx_simulator.engine.liquidation import margin_call_ms
from okx_simulator.ledger.ledger import Ledger
from okx_simulator.ledger.rows import AlgoRow, OrderRow, PositionRow
from okx_simulator.market.funding import funding_rate, next_funding_ms
from okx_simulator.market.matching import ZERO, Match
from okx_simulator.market.prices import PriceFeed
from okx_simulator.protocol.swaps import SETTLED_IN, is_swap
from okx_simulator.tape.crossings import first_crossing

BY_SYSTEM, BY_TIMER, REDUCED_AWAY = "0", "20", "22"
TIMER = "cancel all after"


@dataclass(frozen=True)
class ScheduledEvent:
    """Something at `moment_ms`; `act` says whether what comes next has to be worked out anew.

    At one moment the lower rank comes first, then the order with the lower `priority`, then the older one.
    """

    moment_ms: int
    rank: int
    number: int
    act: Callable[[], bool]
    priority: Decimal = ZERO


class Settlement:
    """Brings the ledger up to the exchange's now."""

    def __init__(self, market: PriceFeed, ledger: Ledger, books: Bookkeeper, algos: AlgoOrderEngine) -> None:
        self._market = market
        self._ledger = ledger
        self._books = books
        self._algos = algos
        self._settled_ms = -1
        # What the path reaches and when, found once per walk: it stays true until the row changes.
        self._reached: dict[OrderRow, int | None] = {}
        self._triggered: dict[AlgoRow, Trigger | None] = {}

    def settle(self) -> None:
        """Let everything happen that is due up to now."""
        now_ms, since_ms = self._market.clock.now_ms(), self._settled_ms
        if now_ms == since_ms:
            return
        if self._is_awaiting():
            with self._ledger.transaction():
                self._walk(since_ms, now_ms)
                self._delist(now_ms)
        self._settled_ms = now_ms

    def _is_awaiting(self) -> bool:
        ledger = self._ledger
        return bool(
            ledger.open_orders() or ledger.live_algos() or ledger.positions() or self.timer_ms() is not None
        )

    def timer_ms(self) -> int | None:
        """When all open orders are to be cancelled; None while the dead man's switch is off."""
        text = self._ledger.setting(TIMER, "")
        return int(text) if text else None

    def _walk(self, since_ms: int, now_ms: int) -> None:
        """Play everything in (since, now]; after what changes what is due, look again from there."""
        self._reached, self._triggered = {}, {}
        looking = True
        while looking:
            looking = False
            for event in self._scheduled_events(since_ms, now_ms):
                since_ms = event.moment_ms - 1
                if event.act():
                    looking = True
                    break

    def _scheduled_events(self, since_ms: int, now_ms: int) -> list[ScheduledEvent]:
        found = [
            *self._timer(now_ms),
            *self._fundings(now_ms),
            *self._crossings(since_ms, now_ms),
            *self._triggers(since_ms, now_ms),
        ]
        found.sort(key=lambda event: (event.moment_ms, event.rank, event.priority, event.number))
        horizon = found[0].moment_ms if found else now_ms
        return [*self._margin_calls(since_ms, horizon), *found]

    def _timer(self, now_ms: int) -> Iterator[ScheduledEvent]:
        timer_ms = self.timer_ms()
        if timer_ms is not None and timer_ms <= now_ms:
            yield ScheduledEvent(timer_ms, 0, 0, lambda: self._cancel_all(timer_ms))

    def _cancel_all(self, at_ms: int) -> bool:
        self._ledger.set_setting(TIMER, "")
        for order in self._ledger.open_orders():
            self._books.cancelled(order, BY_TIMER, at_ms)
        return True

    def _fundings(self, now_ms: int) -> Iterator[ScheduledEvent]:
        """The next payment, of every position that has one due at that moment."""
        due = [(next_funding_ms(row.inst_id, row.funded_ms), row) for row in self._ledger.positions()]
        due_ms = min((moment for moment, _ in due), default=now_ms + 1)
        if due_ms <= now_ms:
            rows = [row for moment, row in due if moment == due_ms]
            yield ScheduledEvent(due_ms, 1, 0, lambda: self._fund(rows, due_ms))

    def _fund(self, rows: list[PositionRow], due_ms: int) -> bool:
        for row in rows:
            now = self._ledger.position(row.inst_id) or row  # a payment may have settled another's profit
            self._books.positions.fund(now, funding_rate(row.inst_id, due_ms), due_ms)
        return True

    def _crossings(self, since_ms: int, now_ms: int) -> Iterator[ScheduledEvent]:
        for order in self._ledger.open_orders():
            if order not in self._reached:
                self._reached[order] = self._reached_ms(order, since_ms, now_ms)
            moment = self._reached[order]
            if moment is not None:
                # The price jumps from slot to slot: on its way it meets the better limits first.
                price = Decimal(order.price)
                first = -price if order.side == "buy" else price
                yield ScheduledEvent(moment, 2, order.ord_id, self._fill(order, moment), first)

    def _reached_ms(self, order: OrderRow, since_ms: int, now_ms: int) -> int | None:
        from_ms = max(order.rests_from_ms, since_ms) + 1
        if from_ms > now_ms or not self._market.is_known(order.inst_id):
            return None
        if self._market.is_halted(order.inst_id):
            return None
        stretch = self._market.stretch(order.inst_id, from_ms, now_ms)
        return first_crossing(stretch, order.side, Decimal(order.price), from_ms, now_ms)

    def _fill(self, order: OrderRow, at_ms: int) -> Callable[[], bool]:
        def act() -> bool:
            if self._lacks_cash(order):
                self._books.cancelled(order, BY_SYSTEM, at_ms)
                return True
            size = self._fillable(order)
            if size > 0:
                filled = self._books.filled(order, [Match(Decimal(order.price), size)], MAKER, at_ms)
            if size < remaining(order) and filled.state != "canceled":
                self._books.cancelled(filled, REDUCED_AWAY, at_ms)
            return order.attached != "[]" or bool(self._ledger.positions()) or is_swap(order.inst_id)

        return act

    def _fillable(self, order: OrderRow) -> Decimal:
        """The unfilled size of the order; of a reduce-only one at most the size of the position."""
        if order.reduce_only != "true":
            return remaining(order)
        position = self._ledger.position(order.inst_id)
        held = Decimal(position.size) if position else ZERO
        against = -held if order.side == "buy" else held
        return min(remaining(order), max(against, ZERO))

    def _lacks_cash(self, order: OrderRow) -> bool:
        """Losses on swaps may have eaten what a spot order held back."""
        if is_swap(order.inst_id):
            return False
        currency, amount = held_by(order)
        return self._ledger.cash(currency) < amount

    def _triggers(self, since_ms: int, now_ms: int) -> Iterator[ScheduledEvent]:
        for algo in self._ledger.live_algos():
            if algo not in self._triggered:
                self._triggered[algo] = self._first_trigger(algo, since_ms, now_ms)
            trigger = self._triggered[algo]
            if trigger is not None:
                yield ScheduledEvent(trigger[0], 3, algo.algo_id, self._firing(algo, trigger))

    def _first_trigger(self, algo: AlgoRow, since_ms: int, now_ms: int) -> Trigger | None:
        from_ms = max(algo.rests_from_ms, since_ms) + 1
        if from_ms > now_ms or not self._market.is_known(algo.inst_id):
            return None
        seen_from_ms = algo.rests_from_ms if algo.ord_type == "move_order_stop" else from_ms
        stretch = self._market.stretch(algo.inst_id, seen_from_ms, now_ms)
        return first_trigger(algo, stretch, from_ms, now_ms)

    def _firing(self, algo: AlgoRow, trigger: Trigger) -> Callable[[], bool]:
        def act() -> bool:
            self._algos.fire(algo, trigger[1], self._market.at(trigger[0]))
            return True

        return act

    def _margin_calls(self, since_ms: int, horizon_ms: int) -> Iterator[ScheduledEvent]:
        """Only the path since positions and cash last changed counts against them as they are now."""
        positions = self._ledger.positions()
        if not positions:
            return
        changed_ms = [row.updated_ms for row in positions] + [self._ledger.cash_changed_ms(SETTLED_IN)]
        from_ms = max(since_ms, *changed_ms) + 1
        cash = float(self._ledger.cash(SETTLED_IN))
        moment = margin_call_ms(positions, cash, self._market, from_ms, horizon_ms)
        if moment is not None:
            yield ScheduledEvent(moment, -1, 0, lambda: self._liquidate(moment))

    def _liquidate(self, at_ms: int) -> bool:
        """Cancel every swap order, then close every position at the price of the moment."""
        for order in self._ledger.open_orders():
            if is_swap(order.inst_id):
                self._books.cancelled(order, BY_SYSTEM, at_ms)
        close_out(self._books, self._market.at(at_ms), self._ledger.positions(), LIQUIDATED)
        return True

    def _delist(self, now_ms: int) -> None:
        """Of what no longer trades cancel every order and close every position at its last price."""
        for order in self._ledger.open_orders():
            if self._market.has_ended(order.inst_id):
                self._books.cancelled(order, BY_SYSTEM, now_ms)
        for algo in self._ledger.live_algos():
            if self._market.has_ended(algo.inst_id):
                self._ledger.save_algo(replace(algo, state="canceled", updated_ms=now_ms))
        ended = [row for row in self._ledger.positions() if self._market.has_ended(row.inst_id)]
        close_out(self._books, self._market.at(now_ms), ended, DELIVERED)

    def start_timer(self, seconds: int) -> int:
        """Cancel everything in so many seconds unless called again; 0 turns it off. In a transaction."""
        if seconds == 0:
            self._ledger.set_setting(TIMER, "")
            return 0
        trigger_ms = self._market.clock.now_ms() + seconds * 1000
        self._ledger.set_setting(TIMER, str(trigger_ms))
        return trigger_ms
