"""Place, cancel, amend and find orders; each first settles everything up to now."""

from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal

from okx_simulator.account.bookkeeping import Bookkeeper, FeeRates, Origin
from okx_simulator.engine.algo_engine import AlgoName, AlgoOrderEngine
from okx_simulator.engine.amending import Amendment, amended
from okx_simulator.engine.order_entry import LEVEL, SPOT_LEVEL, OrderEntry
from okx_simulator.engine.settlement import Settlement
from okx_simulator.ledger.ledger import OPEN_STATES, Ledger
from okx_simulator.ledger.rows import AlgoRow, OrderRow
from okx_simulator.market.prices import PriceFeed
from okx_simulator.orders.requests import OrderRequest
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.protocol.errors import (
    ApiError,
    OrderRefusedError,
    empty_parameter,
    expired_request,
    order_not_found,
)

CANCELLED_UNFILLED_VISIBLE_MS = 2 * HOUR_MS
BY_USER = "1"


@dataclass(frozen=True)
class OrderName:
    """Which order is meant: the exchange's id or, failing that, the client's."""

    inst_id: str
    ord_id: str = ""
    client_order_id: str = ""


class OrderService:
    """Takes requests about orders; what it answers is on disk by then."""

    def __init__(
        self, market: PriceFeed, ledger: Ledger, fees: FeeRates | None = None, opening_level: str = SPOT_LEVEL
    ) -> None:
        self._market = market
        self._ledger = ledger
        self.books = Bookkeeper(ledger, market, fees)
        self._entry = OrderEntry(ledger, self.books, opening_level)
        self.algos = AlgoOrderEngine(market, ledger, self._entry)
        self._settlement = Settlement(market, ledger, self.books, self.algos)

    def settle(self) -> None:
        """Let everything happen that is due up to now."""
        self._settlement.settle()

    def place(self, request: OrderRequest, expires_ms: int | None) -> OrderRow:
        """Take an order; it is on disk when this returns. Raises ApiError when it is not taken."""
        self.settle()
        self._not_expired(expires_ms)
        with self._ledger.transaction():
            return self._entry.enter(request, self._market)

    def cancel(self, name: OrderName) -> OrderRow:
        """Cancel what is left of an open order; 51400 when it is not open."""
        self.settle()
        with self._ledger.transaction():
            order = self._open_order(name, "51400", "Cancellation failed as the order")
            return self.books.cancelled(order, BY_USER, self._market.clock.now_ms())

    def amend(self, name: OrderName, amendment: Amendment, expires_ms: int | None) -> OrderRow:
        """Change size or price of an open order, which may fill it at once; 51503 when it is not open."""
        self.settle()
        self._not_expired(expires_ms)
        if amendment.size is None and amendment.price is None:
            raise OrderRefusedError("51500", "You must enter a price, quantity or TP/SL.")
        try:
            with self._ledger.transaction():
                order = self._open_order(name, "51503", "Order modification failed as the order")
                return amended(order, amendment, self._market, self.books, self._entry)
        except OrderRefusedError:
            if amendment.cancel_on_fail:
                with suppress(ApiError):
                    self.cancel(name)
            raise

    def place_algo(self, algo: AlgoRow) -> AlgoRow:
        """Take an algo order; it waits on disk when this returns."""
        self.settle()
        with self._ledger.transaction():
            return self.algos.place(algo)

    def cancel_algo(self, name: AlgoName) -> AlgoRow:
        self.settle()
        with self._ledger.transaction():
            return self.algos.cancel(name)

    def amend_algo(self, name: AlgoName, changes: dict[str, str]) -> AlgoRow:
        self.settle()
        with self._ledger.transaction():
            return self.algos.amend(name, changes)

    def cancel_all_after(self, seconds: int) -> int:
        """Start the dead man's switch, or with 0 stop it; returns when it goes off, 0 for never."""
        self.settle()
        with self._ledger.transaction():
            return self._settlement.start_timer(seconds)

    def account_level(self) -> str:
        return self._entry.account_level()

    def set_account_level(self, level: str) -> None:
        """Switch between spot and futures mode; 59000 while there are orders or positions."""
        self.settle()
        with self._ledger.transaction():
            busy = self._ledger.open_orders() or self._ledger.live_algos() or self._ledger.positions()
            if busy and level != self.account_level():
                raise ApiError("59000", "Setting failed. Cancel any open orders and close positions first.")
            self._ledger.set_setting(LEVEL, level)

    def set_leverage(self, inst_id: str, leverage: Decimal) -> str:
        """Keep the leverage of a swap, for its position too; 59108 when the margin would not do."""
        self.settle()
        text = plain(leverage)
        with self._ledger.transaction():
            self._ledger.set_setting(f"leverage {inst_id}", text)
            position = self._ledger.position(inst_id)
            if position is not None and position.size != "0":
                self._ledger.save_position(replace(position, leverage=text))
                if self.books.available_margin(self._market.price) < 0:
                    raise ApiError("59108", "Your account leverage is too low and has insufficient margin.")
        return text

    def close_position(self, inst_id: str, client_order_id: str, tag: str, cancel_orders: bool) -> OrderRow:
        """Close all of a swap position at market; with `cancel_orders` what holds it goes first."""
        self.settle()
        with self._ledger.transaction():
            self._entry.check_instrument(inst_id, self._market)
            position = self._ledger.position(inst_id)
            size = Decimal(position.size) if position else Decimal(0)
            if size == 0:
                raise OrderRefusedError("51023", "Position doesn't exist.")
            side = "sell" if size > 0 else "buy"
            closing = [
                order
                for order in self._ledger.open_orders()
                if order.inst_id == inst_id and order.side == side
            ]
            if closing and not cancel_orders:
                raise OrderRefusedError("51112", "Close order size exceeds available size: orders hold it.")
            for order in closing:
                self.books.cancelled(order, BY_USER, self._market.clock.now_ms())
            request = OrderRequest(
                inst_id, side, "market", abs(size), False, None, client_order_id, tag, "cross", True
            )
            return self._entry.enter(request, self._market, Origin())

    def find(self, name: OrderName) -> OrderRow:
        """The order by exchange id or, failing that, the newest with the client's id; 51603 when unseen."""
        if not (name.ord_id or name.client_order_id):
            raise ApiError("51003", "Either client order ID or order ID is required.", 400)
        if not name.inst_id:
            raise empty_parameter("instId")
        found = self._lookup(name)
        forgotten = self._market.clock.now_ms() - CANCELLED_UNFILLED_VISIBLE_MS
        if found is None or (
            found.state == "canceled" and found.filled_base == "0" and found.updated_ms < forgotten
        ):
            raise order_not_found()
        return found

    def _lookup(self, name: OrderName) -> OrderRow | None:
        if name.ord_id:
            number = int(name.ord_id) if name.ord_id.isdigit() and len(name.ord_id) < 20 else -1
            found = self._ledger.orders("ord_id = ? and inst_id = ?", number, name.inst_id)
        else:
            found = self._ledger.orders(
                "client_order_id = ? and inst_id = ? order by ord_id desc limit 1",
                name.client_order_id,
                name.inst_id,
            )
        return found[0] if found else None

    def _open_order(self, name: OrderName, code: str, what_failed: str) -> OrderRow:
        if not (name.ord_id or name.client_order_id):
            raise OrderRefusedError("51003", "Either client order ID or order ID is required.")
        order = self._lookup(name)
        if order is None or order.state not in OPEN_STATES:
            raise OrderRefusedError(code, f"{what_failed} has been filled, canceled or does not exist.")
        return order

    def _not_expired(self, expires_ms: int | None) -> int:
        """Now, unless the request has arrived too late."""
        now_ms = self._market.clock.now_ms()
        if expires_ms is not None and now_ms > expires_ms:
            raise expired_request()
        return now_ms
