"""Orders and fills: sent once, looked up by the client's own id."""

from datetime import datetime
from decimal import Decimal

from resources.okx.errors import ORDER_NOT_FOUND_CODE, PermanentError
from resources.okx.order_rows import Fill, OrderRecord, OrderResult
from resources.okx.rest import LIST_ROWS, Rest, milliseconds
from resources.okx.transport import Call
from resources.okx.wire_fields import Where


class Trading(Rest):
    """Calls that place, find and settle orders."""

    def place_market_order(
        self,
        inst_id: str,
        side: str,
        size: Decimal,
        client_order_id: str,
        expires_at: datetime | None = None,
    ) -> OrderResult:
        """Place a spot market order of `size` base units. It is sent once.

        OrderRejected: it does not stand. UnknownOutcomeError: ask `order` for its client id. The
        exchange drops it when it arrives after `expires_at` (exchange time).
        """
        order = {
            "instId": inst_id,
            "tdMode": "cash",
            "side": side,
            "ordType": "market",
            "sz": format(size, "f"),
            "tgtCcy": "base_ccy",
            "clOrdId": client_order_id,
        }
        call = Call(
            "POST",
            "/trade/order",
            order,
            signed=True,
            order=True,
            pace_key=inst_id,
            expires_ms=None if expires_at is None else milliseconds(expires_at),
        )
        return OrderResult.parse(self._transport.place(call)[0], Where(call.endpoint))

    def order(self, inst_id: str, client_order_id: str) -> OrderRecord | None:
        """The newest order with this client id; None when the exchange knows none (51603)."""
        asked = {"instId": inst_id, "clOrdId": client_order_id}
        try:
            return self._single(
                Call("GET", "/trade/order", asked, signed=True, pace_key=inst_id), OrderRecord
            )
        except PermanentError as error:
            if error.code == ORDER_NOT_FOUND_CODE:
                return None
            raise

    def fills(self, inst_id: str | None = None, order_id: str | None = None) -> list[Fill]:
        """Fills of the last three days, newest first, of one instrument or one order if given."""
        filters = {"instType": "SPOT", "instId": inst_id, "ordId": order_id, "limit": str(LIST_ROWS)}
        asked = {name: value for name, value in filters.items() if value is not None}
        found: list[Fill] = []
        while True:
            page = self._rows(Call("GET", "/trade/fills", asked, signed=True), Fill)
            found += page
            if len(page) < LIST_ROWS:
                return found
            asked = {**asked, "after": page[-1].bill_id}
