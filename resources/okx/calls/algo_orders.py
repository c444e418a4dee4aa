"""Algo orders: take profit and stop loss, triggers and trailing stops, kept by the exchange until they fire."""

from collections.abc import Sequence
from datetime import datetime

from resources.okx.errors import ORDER_NOT_FOUND_CODE, PermanentError
from resources.okx.http.answers import Call
from resources.okx.http.rest import Rest, accepted, asked
from resources.okx.rows.algo import AlgoOrder, AlgoResult
from resources.okx.rows.requests import AlgoAmendment, AlgoName, NewAlgo, bodies, body

MAX_CANCELS = 10
ORDER_TYPES = ("conditional", "oco", "trigger", "move_order_stop")
TAKEN = "algoId"


class AlgoOrders(Rest):
    """Calls that place, find and cancel algo orders; refusals and unknown outcomes as with orders."""

    def place_algo(self, order: NewAlgo) -> AlgoResult:
        results = self._write("/trade/order-algo", body(order), AlgoResult, TAKEN)
        return accepted("POST /trade/order-algo", results[0])

    def amend_algo(self, change: AlgoAmendment) -> AlgoResult:
        results = self._write("/trade/amend-algos", body(change), AlgoResult, TAKEN)
        return accepted("POST /trade/amend-algos", results[0])

    def cancel_algos(self, names: Sequence[AlgoName]) -> list[AlgoResult]:
        """Up to ten, each cancelled or refused for itself."""
        if not 1 <= len(names) <= MAX_CANCELS:
            raise ValueError(f"/trade/cancel-algos: 1 to {MAX_CANCELS} at a time, not {len(names)}")
        return self._write("/trade/cancel-algos", bodies(names), AlgoResult, TAKEN)

    def algo_order(self, algo_id: str = "", client_algo_id: str = "") -> AlgoOrder | None:
        """The algo order with this id or client id; None when the exchange knows none."""
        wanted = asked(algoId=algo_id, algoClOrdId=client_algo_id)
        if not wanted:
            raise ValueError("an algo order is named by its id or by the client's")
        try:
            return self._single(Call("GET", "/trade/order-algo", wanted, signed=True), AlgoOrder)
        except PermanentError as error:
            if error.code == ORDER_NOT_FOUND_CODE:
                return None
            raise

    def algos_pending(
        self, order_types: Sequence[str] = ORDER_TYPES, inst_id: str | None = None
    ) -> list[AlgoOrder]:
        """Algo orders that wait for their trigger, newest first within each type."""
        return [
            algo
            for order_type in order_types
            for algo in self._pages(
                "/trade/orders-algo-pending",
                AlgoOrder,
                "algo_id",
                asked(ordType=order_type, instId=inst_id),
            )
        ]

    def algos_history(
        self, state: str = "effective", order_types: Sequence[str] = ORDER_TYPES, inst_id: str | None = None,
        begin: datetime | None = None, end: datetime | None = None,
    ) -> list[AlgoOrder]:  # fmt: skip
        """Algo orders of three months that fired (effective), were canceled, or failed (order_failed).

        The exchange has no time window for them; ours is by the time they were made.
        """
        found = [
            algo
            for order_type in order_types
            for algo in self._pages(
                "/trade/orders-algo-history",
                AlgoOrder,
                "algo_id",
                asked(ordType=order_type, state=state, instId=inst_id),
            )
        ]
        return [
            algo
            for algo in found
            if (begin is None or algo.created_at >= begin) and (end is None or algo.created_at <= end)
        ]
