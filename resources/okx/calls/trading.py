"""Orders and fills: sent once, looked up by the client's own id."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from resources.okx.errors import ORDER_NOT_FOUND_CODE, PermanentError
from resources.okx.http.answers import Call
from resources.okx.http.rest import Rest, accepted, asked
from resources.okx.rows.orders import CancelTimer, ClosedPosition, Fill, OrderRecord, OrderResult
from resources.okx.rows.requests import Amendment, NewOrder, OrderName, bodies, body

MAX_ORDERS = 20
TAKEN = "ordId"


class Trading(Rest):
    """Calls that place, find and settle orders.

    A single order that is refused raises OrderRejected, one whose fate is not known UnknownOutcomeError. A
    batch answers each order for itself and raises only when it is not known what became of any of them.
    """

    def place(self, order: NewOrder, expires_at: datetime | None = None) -> OrderResult:
        """Place an order. It is sent once, and dropped when it arrives after `expires_at` (exchange time)."""
        results = self._write("/trade/order", body(order), OrderResult, TAKEN, expires_at)
        return accepted("POST /trade/order", results[0])

    def place_market_order(
        self,
        inst_id: str,
        side: str,
        size: Decimal,
        client_order_id: str,
        expires_at: datetime | None = None,
    ) -> OrderResult:
        """Place a spot market order of `size` base units."""
        order = NewOrder(
            inst_id=inst_id,
            side=side,
            size=size,
            order_type="market",
            trade_mode="cash",
            target_currency="base_ccy",
            client_order_id=client_order_id,
        )
        return self.place(order, expires_at)

    def place_batch(
        self, orders: Sequence[NewOrder], expires_at: datetime | None = None
    ) -> list[OrderResult]:
        """Up to twenty orders, each taken or refused for itself."""
        return self._batch("/trade/batch-orders", orders, expires_at)

    def cancel(self, name: OrderName) -> OrderResult:
        """Ask for an order to be cancelled; it is when `order` says so."""
        results = self._write("/trade/cancel-order", body(name), OrderResult, TAKEN)
        return accepted("POST /trade/cancel-order", results[0])

    def cancel_batch(self, names: Sequence[OrderName]) -> list[OrderResult]:
        return self._batch("/trade/cancel-batch-orders", names)

    def amend(self, change: Amendment, expires_at: datetime | None = None) -> OrderResult:
        """Ask for an order to be changed; it is when `order` shows it."""
        results = self._write("/trade/amend-order", body(change), OrderResult, TAKEN, expires_at)
        return accepted("POST /trade/amend-order", results[0])

    def amend_batch(
        self, changes: Sequence[Amendment], expires_at: datetime | None = None
    ) -> list[OrderResult]:
        return self._batch("/trade/amend-batch-orders", changes, expires_at)

    def _batch(
        self, path: str, requests: Sequence[NewOrder | OrderName], expires_at: datetime | None = None
    ) -> list[OrderResult]:
        if not 1 <= len(requests) <= MAX_ORDERS:
            raise ValueError(f"{path}: a batch holds 1 to {MAX_ORDERS} orders, not {len(requests)}")
        return self._write(path, bodies(requests), OrderResult, TAKEN, expires_at)

    def close_position(
        self,
        inst_id: str,
        margin_mode: str = "cross",
        position_side: str = "",
        cancel_orders: bool = False,
        client_order_id: str = "",
    ) -> ClosedPosition:
        """Close a position at the market; `cancel_orders` cancels the orders that would prevent it."""
        names = asked(instId=inst_id, mgnMode=margin_mode, posSide=position_side, clOrdId=client_order_id)
        wanted = {**names, "autoCxl": cancel_orders}
        results = self._write("/trade/close-position", wanted, ClosedPosition, "instId")
        return accepted("POST /trade/close-position", results[0])

    def cancel_all_after(self, seconds: int, tag: str = "") -> CancelTimer:
        """The dead man's switch: all orders go unless it is set again in time; 0 turns it off."""
        wanted = asked(timeOut=seconds, tag=tag)
        return self._single(Call("POST", "/trade/cancel-all-after", wanted, signed=True), CancelTimer)

    def order(self, inst_id: str, client_order_id: str = "", order_id: str = "") -> OrderRecord | None:
        """The order with this id, the newest with this client id; None when the exchange knows none (51603)."""
        name = OrderName(inst_id=inst_id, client_order_id=client_order_id, order_id=order_id)
        try:
            return self._single(Call("GET", "/trade/order", body(name), signed=True), OrderRecord)
        except PermanentError as error:
            if error.code == ORDER_NOT_FOUND_CODE:
                return None
            raise

    def orders_pending(self, inst_type: str | None = None, inst_id: str | None = None) -> list[OrderRecord]:
        """Orders that are live or partially filled, newest first."""
        wanted = asked(instType=inst_type, instId=inst_id)
        return self._pages("/trade/orders-pending", OrderRecord, "order_id", wanted)

    def orders_history(
        self,
        inst_type: str = "SPOT",
        inst_id: str | None = None,
        begin: datetime | None = None,
        end: datetime | None = None,
        archive: bool = False,
    ) -> list[OrderRecord]:
        """Finished orders of seven days, of three months in the archive, newest first.

        Orders that were cancelled unfilled are shown for two hours only, by the archive never.
        """
        path = "/trade/orders-history-archive" if archive else "/trade/orders-history"
        wanted = asked(instType=inst_type, instId=inst_id, begin=begin, end=end)
        return self._pages(path, OrderRecord, "order_id", wanted)

    def fills(
        self,
        inst_id: str | None = None,
        order_id: str | None = None,
        inst_type: str = "SPOT",
        begin: datetime | None = None,
        end: datetime | None = None,
        history: bool = False,
    ) -> list[Fill]:
        """Fills of three days, of three months in the history, newest first."""
        path = "/trade/fills-history" if history else "/trade/fills"
        wanted = asked(instType=inst_type, instId=inst_id, ordId=order_id, begin=begin, end=end)
        return self._pages(path, Fill, "bill_id", wanted)
