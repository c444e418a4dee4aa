"""Pages of the account's lists: cursor, window, newest first, as OKX pages orders and fills."""

from okx_simulator.ledger.ledger import Ledger
from okx_simulator.ledger.rows import AlgoRow, BillRow, FillRow, OrderRow, PositionRow
from okx_simulator.protocol.errors import parameter_error
from okx_simulator.responses.account import BILL_TYPES

MAX_ROWS = 100
INSTRUMENT_TYPES = ("SPOT", "SWAP", "FUTURES", "OPTION", "MARGIN")
DAY_MS = 86_400_000


def whole_number(parameters: dict[str, str], name: str) -> int | None:
    """A parameter that must be a whole number; None when absent."""
    text = parameters.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise parameter_error(name)
    return int(text)


def row_limit(parameters: dict[str, str], highest: int = MAX_ROWS) -> int:
    limit = whole_number(parameters, "limit")
    if limit is None:
        return MAX_ROWS
    if limit < 1:
        raise parameter_error("limit")
    return min(limit, highest)


class _Condition:
    """Collects SQL conditions, then the cursor. Text is ours; every caller's value is bound."""

    def __init__(self, parameters: dict[str, str], cursor: str, moment: str) -> None:
        self._parameters = parameters
        self._cursor = cursor
        self.clauses: list[str] = ["1 = 1"]
        self.values: list[object] = []
        for name, comparison in (("begin", ">="), ("end", "<=")):
            self.add(f"{moment} {comparison} ?", whole_number(parameters, name))

    def add(self, clause: str, value: object) -> None:
        """Add `clause` when there is a value for it."""
        if value is not None:
            self.clauses.append(clause)
            self.values.append(value)

    def page(self) -> tuple[str, list[object], bool]:
        """The where clause with order and limit, its values, and whether rows come oldest first.

        `before` alone gives the rows next to the cursor; with `after` or without any, the newest.
        """
        after = whole_number(self._parameters, "after")
        before = whole_number(self._parameters, "before")
        self.add(f"{self._cursor} < ?", after)
        self.add(f"{self._cursor} > ?", before)
        ascending = before is not None and after is None
        direction = "asc" if ascending else "desc"
        where = f"{' and '.join(self.clauses)} order by {self._cursor} {direction} limit ?"
        return where, [*self.values, row_limit(self._parameters)], ascending


def list_fills(ledger: Ledger, parameters: dict[str, str], now_ms: int, days: int) -> list[FillRow]:
    """Fills of the last `days`, newest first."""
    condition = _Condition(parameters, "bill_id", "filled_ms")
    condition.add("filled_ms >= ?", now_ms - days * DAY_MS)
    condition.add("inst_id = ?", parameters.get("instId"))
    condition.add("ord_id = ?", whole_number(parameters, "ordId"))
    _of_type(condition, parameters)
    where, values, ascending = condition.page()
    rows = ledger.fills(where, *values)
    return rows[::-1] if ascending else rows


def list_orders(
    ledger: Ledger, parameters: dict[str, str], now_ms: int, days: int, pending: bool, unfilled_ms: int
) -> list[OrderRow]:
    """Open orders, or finished ones of the last `days`; cancelled unfilled ones only for `unfilled_ms`."""
    condition = _Condition(parameters, "ord_id", "created_ms")
    state = "state in ('live', 'partially_filled')"
    condition.clauses.append(state if pending else f"not ({state})")
    if not pending:
        condition.add("updated_ms >= ?", now_ms - days * DAY_MS)
        condition.add("(filled_base <> '0' or updated_ms >= ?)", now_ms - unfilled_ms)
    for name, column in (("instId", "inst_id"), ("state", "state"), ("ordType", "ord_type")):
        condition.add(f"{column} = ?", parameters.get(name))
    _of_type(condition, parameters)
    where, values, ascending = condition.page()
    rows = ledger.orders(where, *values)
    return rows[::-1] if ascending else rows


def _of_type(condition: _Condition, parameters: dict[str, str]) -> None:
    """Spot or swaps only when the caller names a type; there is nothing of any other that OKX has."""
    kind = parameters.get("instType", "")
    if kind and kind not in INSTRUMENT_TYPES:
        raise parameter_error("instType", f"it is one of {', '.join(INSTRUMENT_TYPES)}")
    if kind:
        known = {"SPOT": "inst_id not like ?", "SWAP": "inst_id like ?"}
        condition.add(known.get(kind, "inst_id is null and '' <> ?"), "%-SWAP")


def list_bills(ledger: Ledger, parameters: dict[str, str], now_ms: int, days: int) -> list[BillRow]:
    """Changes of balances of the last `days`, newest first."""
    condition = _Condition(parameters, "change_id", "changed_ms")
    condition.add("changed_ms >= ?", now_ms - days * DAY_MS)
    for name, column in (("ccy", "currency"), ("instId", "inst_id"), ("subType", "sub_type")):
        condition.add(f"{column} = ?", parameters.get(name))
    kinds = [kind for kind, number in BILL_TYPES.items() if number == parameters.get("type")]
    if "type" in parameters:
        condition.clauses.append(f"kind in ({', '.join('?' * len(kinds))})")
        condition.values += kinds
    if "instType" in parameters:
        condition.clauses.append("inst_id <> ''")
        _of_type(condition, parameters)
    where, values, ascending = condition.page()
    rows = ledger.bills(where, *values)
    return rows[::-1] if ascending else rows


def list_closed_positions(
    ledger: Ledger, parameters: dict[str, str], now_ms: int, days: int
) -> list[PositionRow]:
    """Swap positions that were closed in the last `days`, newest first; the cursor is the time of closing."""
    condition = _Condition(parameters, "updated_ms", "updated_ms")
    condition.add("updated_ms >= ?", now_ms - days * DAY_MS)
    condition.add("inst_id = ?", parameters.get("instId"))
    condition.add("position_id = ?", whole_number(parameters, "posId"))
    _of_type(condition, parameters)
    where, values, ascending = condition.page()
    rows = ledger.closed_positions(where, *values)
    return rows[::-1] if ascending else rows


def list_algos(ledger: Ledger, parameters: dict[str, str], now_ms: int, days: int | None) -> list[AlgoRow]:
    """Live algo orders (`days` None), or ended ones of the last `days`, newest first."""
    condition = _Condition(parameters, "algo_id", "created_ms")
    condition.clauses.append("state = 'live'" if days is None else "state <> 'live'")
    if days is not None:
        condition.add("updated_ms >= ?", now_ms - days * DAY_MS)
    kinds = parameters.get("ordType", "").split(",")
    condition.clauses.append(f"ord_type in ({', '.join('?' * len(kinds))})")
    condition.values += kinds
    for name, column in (("instId", "inst_id"), ("state", "state"), ("algoClOrdId", "client_algo_id")):
        condition.add(f"{column} = ?", parameters.get(name))
    condition.add("algo_id = ?", whole_number(parameters, "algoId"))
    _of_type(condition, parameters)
    where, values, ascending = condition.page()
    rows = ledger.algos(where, *values)
    return rows[::-1] if ascending else rows
