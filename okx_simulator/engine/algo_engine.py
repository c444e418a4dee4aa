"""Algo orders from entry to their end: placed, amended, cancelled, fired. Nothing is reserved for them."""

from dataclasses import dataclass, replace
from decimal import Decimal

from okx_simulator.account.bookkeeping import Origin
from okx_simulator.engine.order_entry import OrderEntry, check_grid
from okx_simulator.ledger.ledger import Ledger
from okx_simulator.ledger.rows import AlgoRow
from okx_simulator.market.prices import PriceFeed
from okx_simulator.orders.algo_requests import AT_MARKET, check_triggers
from okx_simulator.orders.requests import OrderRequest
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.errors import ApiError, OrderRefusedError
from okx_simulator.protocol.swaps import is_swap

SOURCES = {"trigger": "6", "conditional": "7", "oco": "7", "move_order_stop": "25"}
MAX_ALGOS = {"conditional": 100, "oco": 100, "trigger": 500, "move_order_stop": 50}
NO_POSITION = "51169"


@dataclass(frozen=True)
class AlgoName:
    """Which algo order is meant: the exchange's id or, failing that, the client's."""

    algo_id: str = ""
    client_algo_id: str = ""


class AlgoOrderEngine:
    """Keeps the algo orders of one account; every method that writes is called in a transaction."""

    def __init__(self, market: PriceFeed, ledger: Ledger, entry: OrderEntry) -> None:
        self._market = market
        self._ledger = ledger
        self._entry = entry

    def place(self, algo: AlgoRow) -> AlgoRow:
        """Store a new algo order, or refuse it."""
        self._entry.check_instrument(algo.inst_id, self._market)
        of_type = "state = 'live' and inst_id = ? and ord_type = ?"
        if len(self._ledger.algos(of_type, algo.inst_id, algo.ord_type)) >= MAX_ALGOS[algo.ord_type]:
            raise OrderRefusedError("51288", "The number of pending algo orders reached the upper limit.")
        same_name = "state = 'live' and client_algo_id = ?"
        if algo.client_algo_id and self._ledger.algos(same_name, algo.client_algo_id):
            raise OrderRefusedError("51065", "algoClOrdId already exists.")
        self._check_grid(algo)
        algo = check_triggers(algo, self._market.price(algo.inst_id))
        number = self._ledger.next_timed_id("algo", algo.created_ms)
        return self._saved(replace(algo, algo_id=number))

    def _check_grid(self, algo: AlgoRow) -> None:
        instrument = self._market.listing(algo.inst_id)
        size = instrument.min_size if algo.close_fraction else Decimal(algo.size)
        for text in (algo.tp_price, algo.sl_price, algo.order_price):
            price = None if text in ("", AT_MARKET) else Decimal(text)
            if algo.target_currency == "quote_ccy":
                continue
            check_grid(size, price, instrument)

    def _saved(self, algo: AlgoRow) -> AlgoRow:
        self._ledger.save_algo(algo)
        return algo

    def find(self, name: AlgoName) -> AlgoRow:
        """51603 when there is none."""
        found = self._lookup(name)
        if found is None:
            raise ApiError("51603", "Order does not exist")
        return found

    def _lookup(self, name: AlgoName) -> AlgoRow | None:
        if not (name.algo_id or name.client_algo_id):
            raise ApiError("50014", "Parameter algoId or algoClOrdId can not be empty.", 400)
        if name.algo_id:
            number = int(name.algo_id) if name.algo_id.isdigit() and len(name.algo_id) < 20 else -1
            found = self._ledger.algos("algo_id = ?", number)
        else:
            newest = "client_algo_id = ? order by algo_id desc limit 1"
            found = self._ledger.algos(newest, name.client_algo_id)
        return found[0] if found else None

    def _live(self, name: AlgoName, code: str, what_failed: str) -> AlgoRow:
        algo = self._lookup(name)
        if algo is None or algo.state != "live":
            raise OrderRefusedError(code, f"{what_failed} has been triggered, canceled or does not exist.")
        return algo

    def cancel(self, name: AlgoName) -> AlgoRow:
        """Cancel a live algo order; 51400 when it is not live."""
        algo = self._live(name, "51400", "Cancellation failed as the order")
        return self._saved(replace(algo, state="canceled", updated_ms=self._market.clock.now_ms()))

    def amend(self, name: AlgoName, changes: dict[str, str]) -> AlgoRow:
        """Change size, trigger or child prices of a live one, which then waits anew; 51503 when not live."""
        algo = self._live(name, "51503", "Order modification failed as the order")
        if algo.ord_type == "move_order_stop" or not changes:
            raise OrderRefusedError("51527", "Order modification failed. Nothing that can be amended.")
        now_ms = self._market.clock.now_ms()
        changed = replace(algo, **changes, updated_ms=now_ms, rests_from_ms=now_ms)  # type: ignore[arg-type]
        self._check_grid(changed)
        return self._saved(check_triggers(changed, self._market.price(algo.inst_id)))

    def fire(self, algo: AlgoRow, which: str, market: PriceFeed) -> AlgoRow:
        """Send the child order at the market of the trigger; refused, the algo order has failed."""
        at_ms = market.clock.now_ms()
        fired = replace(algo, updated_ms=at_ms, triggered_ms=at_ms, actual_side=which)
        try:
            request = self._child(algo, which)
            origin = Origin(SOURCES[algo.ord_type], algo.algo_id, algo.client_algo_id)
            child = self._entry.enter(request, market, origin)
        except ApiError as refused:
            return self._saved(replace(fired, state="order_failed", fail_code=refused.code))
        return self._saved(
            replace(
                fired,
                state="effective",
                ord_id=child.ord_id,
                actual_size=plain(request.size),
                actual_price=plain(market.price(algo.inst_id)) if request.price is None else child.price,
            )
        )

    def _child(self, algo: AlgoRow, which: str) -> OrderRequest:
        price = {"tp": algo.tp_price, "sl": algo.sl_price}.get(which, algo.order_price)
        at_market = price in ("", AT_MARKET)
        return OrderRequest(
            inst_id=algo.inst_id,
            side=algo.side,
            ord_type="market" if at_market else "limit",
            size=self._size(algo),
            size_in_quote=algo.target_currency == "quote_ccy",
            price=None if at_market else Decimal(price),
            client_order_id="",
            tag=algo.tag,
            td_mode=algo.td_mode,
            reduce_only=algo.reduce_only == "true",
            clip_price=True,
        )

    def _size(self, algo: AlgoRow) -> Decimal:
        """The order's size; all of the position when it closes it, and no more of it when it reduces it."""
        if not is_swap(algo.inst_id) or algo.reduce_only != "true":
            return Decimal(algo.size)
        position = self._ledger.position(algo.inst_id)
        held = abs(Decimal(position.size)) if position else Decimal(0)
        if held == 0:
            raise OrderRefusedError(NO_POSITION, "There is no position to reduce.")
        return held if algo.close_fraction else min(Decimal(algo.size), held)
