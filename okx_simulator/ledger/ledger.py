"""The durable account: balances, orders and fills in one SQLite file, amounts as decimal text.

An order with its fills and balance changes is one transaction that is on disk before the reply is
sent. A crash leaves either all of it or nothing.
"""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import asdict, astuple, fields
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from okx_core.errors import OkxSignalError
from okx_simulator.ledger.events import (
    AlgoChanged,
    BalanceChanged,
    Event,
    EventHub,
    OrderChanged,
    PositionChanged,
)
from okx_simulator.ledger.file import hold, open_account
from okx_simulator.ledger.rows import AlgoRow, BillRow, FillRow, OrderRow, PositionRow, Purpose

ID_EPOCH_MS = 1_577_836_800_000  # 2020-01-01
ID_SEQUENCE_BITS = 20
OPEN_STATES = ("live", "partially_filled")
TRADED = Purpose()
DEPOSITED = Purpose(kind="deposit", sub_type="11")
SELECT_BALANCE = "select cash from balances where currency = ?"
SELECT_BALANCES = "select currency, cash, updated_ms from balances order by currency"
SET_BALANCE = "insert or replace into balances (currency, cash, updated_ms) values (?, ?, ?)"
NEXT_IN_SEQUENCE = (
    "insert into sequences (name, value) values (?, 1) "
    "on conflict (name) do update set value = value + 1 returning value"
)
RAISE_SEQUENCE = (
    "insert into sequences (name, value) values (?, ?) "
    "on conflict (name) do update set value = max(value, excluded.value) returning value"
)


def _insert(table: str, row: type, numbered: str = "") -> str:
    """The statement that adds a row; the database numbers the column `numbered`."""
    names = [column.name for column in fields(row) if column.name != numbered]
    return f"insert into {table} ({', '.join(names)}) values ({', '.join('?' * len(names))})"  # noqa: S608


def _upsert(table: str, row: type) -> str:
    return _insert(table, row).replace("insert into", "insert or replace into")


SAVE_ORDER = _upsert("orders", OrderRow)
SAVE_ALGO = _upsert("algo_orders", AlgoRow)
SAVE_POSITION = _upsert("positions", PositionRow)
SET_SETTING = "insert or replace into settings (name, value) values (?, ?)"
INSERT_FILL = _insert("fills", FillRow)
BILL_COLUMNS = [column.name for column in fields(BillRow) if column.name != "change_id"]
INSERT_BILL = _insert("balance_changes", BillRow, numbered="change_id")
KEEP_CLOSED = _insert("closed_positions", PositionRow)


class Ledger:
    """The account file of one home folder, held by one process at a time."""

    def __init__(
        self,
        home: Path | None,
        opening: dict[str, Decimal],
        opened_ms: int = 0,
        events: EventHub | None = None,
    ) -> None:
        """`home` None keeps the account in memory. `opening` is paid in when the account is new."""
        self._lock_file: IO[str] | None = None
        self._events = events or EventHub()
        self._untold: list[Event] = []
        if home is not None:
            self._lock_file = hold(home)
        self._connection = open_account(home)
        self.lock = threading.RLock()
        if not self.balances():
            with self.transaction():
                for currency, amount in opening.items():
                    self.change_balance(0, currency, amount, opened_ms, DEPOSITED)

    def close(self) -> None:
        self._connection.close()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def transaction(self) -> "_Transaction":
        return _Transaction(self._connection, self.lock, self._tell)

    def _tell(self, committed: bool) -> None:
        untold, self._untold = self._untold, []
        if committed:
            self._events.publish(untold)

    def balances(self) -> dict[str, tuple[Decimal, int]]:
        """Cash and last change per currency; currencies at zero are kept."""
        rows = self._rows(SELECT_BALANCES)
        return {currency: (Decimal(cash), changed) for currency, cash, changed in rows}

    def cash(self, currency: str) -> Decimal:
        row = self._rows(SELECT_BALANCE, currency)
        return Decimal(row[0][0]) if row else Decimal(0)

    def cash_changed_ms(self, currency: str) -> int:
        """When the balance of a coin last changed; 0 when it never did."""
        return self.balances().get(currency, (Decimal(0), 0))[1]

    def change_balance(
        self, ord_id: int, currency: str, change: Decimal, at_ms: int, purpose: Purpose = TRADED
    ) -> None:
        """Book one change as a bill; inside a transaction. A balance never goes below zero."""
        after = self.cash(currency) + change
        if after < 0:
            raise OkxSignalError(f"ledger: {currency} would fall to {after}; refuse the order first")
        self._connection.execute(SET_BALANCE, (currency, format(after, "f"), at_ms))
        bill = {**asdict(purpose), "ord_id": ord_id, "currency": currency, "changed_ms": at_ms}
        bill |= {"change": format(change, "f"), "cash_after": format(after, "f")}
        self._connection.execute(INSERT_BILL, [bill[name] for name in BILL_COLUMNS])
        self._untold.append(BalanceChanged(currency, after, at_ms))

    def next_id(self, name: str) -> int:
        """The next number of a sequence; inside a transaction."""
        return int(self._connection.execute(NEXT_IN_SEQUENCE, (name,)).fetchone()[0])

    def next_timed_id(self, name: str, now_ms: int) -> int:
        """An id that grows with time and sequence, even if the clock is set back; inside a transaction."""
        number = self.next_id(name)
        reached = self._connection.execute(
            RAISE_SEQUENCE, (f"{name} clock", max(now_ms, ID_EPOCH_MS))
        ).fetchone()[0]
        return (int(reached) - ID_EPOCH_MS << ID_SEQUENCE_BITS) | (number & (1 << ID_SEQUENCE_BITS) - 1)

    def save_order(self, changed: OrderChanged) -> None:
        """Store an order after a change; inside a transaction."""
        self._connection.execute(SAVE_ORDER, astuple(changed.order))
        self._untold.append(changed)

    def save_algo(self, algo: AlgoRow) -> None:
        """Store an algo order after a change; inside a transaction."""
        self._connection.execute(SAVE_ALGO, astuple(algo))
        self._untold.append(AlgoChanged(algo))

    def save_position(self, position: PositionRow) -> None:
        """Store a position after a change, a closed one also for good; inside a transaction."""
        self._connection.execute(SAVE_POSITION, astuple(position))
        if position.size == "0":
            self._connection.execute(KEEP_CLOSED, astuple(position))
        self._untold.append(PositionChanged(position))

    def set_setting(self, name: str, value: str) -> None:
        """Keep a choice of the account; inside a transaction."""
        self._connection.execute(SET_SETTING, (name, value))

    def setting(self, name: str, default: str) -> str:
        row = self._rows("select value from settings where name = ?", name)
        return str(row[0][0]) if row else default

    def add_fill(self, fill: FillRow) -> None:
        """Store a new fill; inside a transaction."""
        self._connection.execute(INSERT_FILL, astuple(fill))

    def open_orders(self) -> list[OrderRow]:
        return self.orders("state in ('live', 'partially_filled') order by ord_id")

    def orders(self, where: str, *values: object) -> list[OrderRow]:
        """Orders by a condition and order clause written by this package, never by a caller."""
        return [OrderRow(*row) for row in self._rows(f"select * from orders where {where}", *values)]  # noqa: S608

    def fills(self, where: str, *values: object) -> list[FillRow]:
        """Fills by a condition and order clause written by this package, never by a caller."""
        return [FillRow(*row) for row in self._rows(f"select * from fills where {where}", *values)]  # noqa: S608

    def algos(self, where: str, *values: object) -> list[AlgoRow]:
        """Algo orders by a condition and order clause written by this package, never by a caller."""
        return [AlgoRow(*row) for row in self._rows(f"select * from algo_orders where {where}", *values)]  # noqa: S608

    def live_algos(self) -> list[AlgoRow]:
        return self.algos("state = 'live' order by algo_id")

    def positions(self) -> list[PositionRow]:
        """Positions that are open."""
        rows = self._rows("select * from positions where size <> '0' order by inst_id")
        return [PositionRow(*row) for row in rows]

    def position(self, inst_id: str) -> PositionRow | None:
        """The open position of a swap, or the last one closed; None when there never was any."""
        rows = self._rows("select * from positions where inst_id = ?", inst_id)
        return PositionRow(*rows[0]) if rows else None

    def closed_positions(self, where: str, *values: object) -> list[PositionRow]:
        """Positions as they were closed, by a condition written by this package, never by a caller."""
        rows = self._rows(f"select * from closed_positions where {where}", *values)  # noqa: S608
        return [PositionRow(*row) for row in rows]

    def bills(self, where: str, *values: object) -> list[BillRow]:
        """Changes of balances by a condition written by this package, never by a caller."""
        return [BillRow(*row) for row in self._rows(f"select * from balance_changes where {where}", *values)]  # noqa: S608

    def has_open_order(self, client_order_id: str) -> bool:
        return bool(self.orders("client_order_id = ? and state in (?, ?)", client_order_id, *OPEN_STATES))

    def counts(self) -> dict[str, int]:
        return {
            "orders": int(self._rows("select count(*) from orders")[0][0]),
            "fills": int(self._rows("select count(*) from fills")[0][0]),
        }

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.lock:
            return self._connection.execute(statement, values).fetchall()


class _Transaction:
    """All or nothing, one writer at a time; `tell` learns whether it was all, while nobody else may write."""

    def __init__(
        self, connection: sqlite3.Connection, lock: threading.RLock, tell: Callable[[bool], None]
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._tell = tell

    def __enter__(self) -> None:
        self._lock.acquire()
        self._tell(False)
        self._connection.execute("begin immediate")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self._connection.execute("commit" if kind is None else "rollback")
            self._tell(kind is None)
        finally:
            self._lock.release()
