"""Spot, swaps and algo orders together: any sequence of requests, clock steps and restarts keeps the books straight."""

import sqlite3
import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from okx_simulator.engine.algo_engine import AlgoName
from okx_simulator.engine.amending import Amendment
from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.ledger.ledger import OPEN_STATES
from okx_simulator.orders.algo_requests import parse_algo
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.protocol.errors import ApiError
from okx_simulator.protocol.swaps import is_swap
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_paths import EPOCH_HOUR
from tests.examples import examples

TAPE = SyntheticTape(("ETH-USDT", "ATOM-USDT"))
START_MS = (EPOCH_HOUR + 20_000) * HOUR_MS
OPENING = Decimal(20_000)
ZERO = Decimal(0)
TABLES = (
    "balances",
    "orders",
    "fills",
    "balance_changes",
    "algo_orders",
    "positions",
    "settings",
    "sequences",
)

instruments = st.sampled_from(["ATOM-USDT", "ETH-USDT-SWAP", "ETH-USDT-SWAP", "ATOM-USDT-SWAP"])
sides = st.sampled_from(["buy", "sell"])
away = st.integers(-60, 20)  # price from the last one towards the market's far side, in tenths of a percent
values = st.decimals("50", "3000", places=0) | st.decimals("3000", "900000", places=0)  # quote
triggers = st.sampled_from(["sl", "tp", "oco", "trigger", "ratio", "spread"])


class AccountMachine(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.now_ms = START_MS
        self.exchange = self.opened()
        self.exchange.order_service.set_leverage("ETH-USDT-SWAP", Decimal(100))

    def opened(self) -> Exchange:
        account = AccountSettings(opening_usdt=OPENING, level="2")
        return Exchange(TAPE, ExchangeClock(fixed(self.now_ms)), Path(self.folder.name), account)

    def teardown(self) -> None:
        if hasattr(self, "exchange"):
            self.exchange.close()
            self.folder.cleanup()

    def price(self, inst_id: str, tenths: int) -> Decimal:
        market = self.exchange.market
        return market.listing(inst_id).floor_price(market.price(inst_id) * (1000 + tenths) / 1000)

    def size(self, inst_id: str, value: Decimal) -> Decimal:
        market = self.exchange.market
        unit = market.contract_value(inst_id)
        return market.listing(inst_id).floor_size(value / market.price(inst_id) / unit)

    @rule(
        inst_id=instruments,
        side=sides,
        tenths=away,
        value=values,
        ord_type=st.sampled_from(["limit", "limit", "post_only", "ioc", "market", "market"]),
        reduce=st.sampled_from([False, False, True]),
        attach=st.booleans(),
    )
    def place(
        self, inst_id: str, side: str, tenths: int, value: Decimal, ord_type: str, reduce: bool, attach: bool
    ) -> None:
        towards = tenths if side == "buy" else -tenths
        fields = {
            "instId": inst_id,
            "tdMode": "cross" if is_swap(inst_id) else "cash",
            "side": side,
            "ordType": ord_type,
            "sz": str(self.size(inst_id, value)),
            "reduceOnly": str(reduce and is_swap(inst_id)).lower(),
        }
        if ord_type != "market":
            fields["px"] = str(self.price(inst_id, towards))
        else:
            fields["tgtCcy"] = "base_ccy"
        if attach:
            up, down = (self.price(inst_id, towards + change) for change in (30, -30))
            profit, loss = (up, down) if side == "buy" else (down, up)
            fields["attachAlgoOrds"] = f'[{{"tpTriggerPx": "{profit}", "slTriggerPx": "{loss}"}}]'
        with suppress(ApiError):
            self.exchange.order_service.place(parse_order(fields), None)

    @rule(
        inst_id=instruments,
        side=sides,
        tenths=st.integers(1, 60),
        value=values,
        kind=triggers,
        limit=st.booleans(),
    )
    def place_algo(
        self, inst_id: str, side: str, tenths: int, value: Decimal, kind: str, limit: bool
    ) -> None:
        up, down = str(self.price(inst_id, tenths)), str(self.price(inst_id, -tenths))
        profit, loss = (up, down) if side == "sell" else (down, up)
        child = str(self.price(inst_id, 0)) if limit else "-1"
        kinds: dict[str, dict[str, str]] = {
            "sl": {"ordType": "conditional", "slTriggerPx": loss, "slOrdPx": child},
            "tp": {"ordType": "conditional", "tpTriggerPx": profit, "tpOrdPx": child},
            "oco": {"ordType": "oco", "slTriggerPx": loss, "tpTriggerPx": profit},
            "trigger": {"ordType": "trigger", "triggerPx": up, "orderPx": child},
            "ratio": {"ordType": "move_order_stop", "callbackRatio": str(Decimal(tenths) / 1000)},
            "spread": {"ordType": "move_order_stop", "callbackSpread": "1", "activePx": up},
        }
        mode, size = "cross" if is_swap(inst_id) else "cash", str(self.size(inst_id, value))
        fields = {
            "instId": inst_id,
            "tdMode": mode,
            "side": side,
            "sz": size,
            "tgtCcy": "base_ccy",
            **kinds[kind],
        }
        with suppress(ApiError):
            self.exchange.order_service.place_algo(parse_algo(fields, self.now_ms))

    @rule(position=st.integers(0, 5))
    def cancel(self, position: int) -> None:
        orders = self.exchange.ledger.open_orders()
        if orders:
            order = orders[position % len(orders)]
            with suppress(ApiError):
                self.exchange.order_service.cancel(OrderName(order.inst_id, str(order.ord_id)))

    @rule(position=st.integers(0, 5), tenths=away)
    def amend(self, position: int, tenths: int) -> None:
        orders = self.exchange.ledger.open_orders()
        if orders:
            order = orders[position % len(orders)]
            price = self.price(order.inst_id, tenths if order.side == "buy" else -tenths)
            with suppress(ApiError):
                self.exchange.order_service.amend(
                    OrderName(order.inst_id, str(order.ord_id)), Amendment(None, price), None
                )

    @rule(position=st.integers(0, 5))
    def cancel_algo(self, position: int) -> None:
        algos = self.exchange.ledger.live_algos()
        if algos:
            with suppress(ApiError):
                self.exchange.order_service.cancel_algo(AlgoName(str(algos[position % len(algos)].algo_id)))

    @rule(
        inst_id=st.sampled_from(["ETH-USDT-SWAP", "ATOM-USDT-SWAP"]),
        leverage=st.sampled_from([1, 3, 20, 100]),
    )
    def set_leverage(self, inst_id: str, leverage: int) -> None:
        with suppress(ApiError):
            self.exchange.order_service.set_leverage(inst_id, Decimal(leverage))

    @rule(inst_id=st.sampled_from(["ETH-USDT-SWAP", "ATOM-USDT-SWAP"]))
    def close_position(self, inst_id: str) -> None:
        with suppress(ApiError):
            self.exchange.order_service.close_position(inst_id, "", "", cancel_orders=True)

    @rule(side=sides, percent=st.integers(20, 90), hours=st.integers(1, 200))
    def bet(self, side: str, percent: int, hours: int) -> None:
        """Most of the margin on one side, for long enough to end in a liquidation now and then."""
        free = self.exchange.order_service.books.available_margin(self.exchange.market.price)
        size = self.size("ETH-USDT-SWAP", max(free, ZERO) * percent)
        fields = {"instId": "ETH-USDT-SWAP", "tdMode": "cross", "side": side, "ordType": "market"}
        with suppress(ApiError):
            self.exchange.order_service.place(parse_order({**fields, "sz": str(size)}), None)
        self.step(hours * 60)

    @rule(seconds=st.sampled_from([0, 10, 120]))
    def cancel_all_after(self, seconds: int) -> None:
        self.exchange.order_service.cancel_all_after(seconds)

    @rule(minutes=st.integers(1, 600) | st.integers(600, 6_000) | st.integers(-60, -1))
    def step(self, minutes: int) -> None:
        self.now_ms = max(self.now_ms + minutes * 60_000, START_MS)
        self.exchange.clock.set(fixed(self.now_ms))
        self.exchange.order_service.settle()

    def journal(self) -> dict[str, list[tuple[Any, ...]]]:
        with sqlite3.connect(Path(self.folder.name) / "ledger.sqlite3") as connection:
            found = {name: connection.execute(f"select * from {name}").fetchall() for name in TABLES}
        connection.close()
        return found

    @rule()
    def restart(self) -> None:
        self.exchange.order_service.settle()
        before, state = self.journal(), self.exchange.state()
        self.exchange.close()
        self.exchange = self.opened()
        self.exchange.order_service.settle()
        assert self.exchange.state() == state
        assert self.journal() == before

    def is_open(self) -> bool:
        return hasattr(self, "exchange")

    @precondition(is_open)
    @invariant()
    def the_bills_add_up_to_the_balances(self) -> None:
        running: dict[str, Decimal] = {}
        for bill in self.exchange.ledger.bills("1 = 1 order by change_id"):
            running[bill.currency] = running.get(bill.currency, ZERO) + Decimal(bill.change)
            assert Decimal(bill.cash_after) == running[bill.currency] >= 0
        assert {name: cash for name, (cash, _) in self.exchange.ledger.balances().items()} == running

    @precondition(is_open)
    @invariant()
    def every_bill_has_a_reason(self) -> None:
        booked: dict[str, Decimal] = {}
        for bill in self.exchange.ledger.bills("1 = 1"):
            key = f"{bill.kind.removeprefix('liquidation ')} {bill.currency}"
            booked[key] = booked.get(key, ZERO) + Decimal(bill.change)
        expected = {"deposit USDT": OPENING}
        for fill in self.exchange.ledger.fills("1 = 1"):
            if is_swap(fill.inst_id):
                changes = {"pnl USDT": Decimal(fill.pnl), "fee USDT": Decimal(fill.fee)}
            else:
                sign = 1 if fill.side == "buy" else -1
                base, size = fill.inst_id.split("-")[0], Decimal(fill.size)
                changes = {f"trade {base}": sign * size, "trade USDT": -sign * size * Decimal(fill.price)}
                changes[f"trade {fill.fee_currency}"] += Decimal(fill.fee)
            for key, change in changes.items():
                expected[key] = expected.get(key, ZERO) + change
        others = ("funding USDT", "settlement USDT", "insurance USDT")
        assert {name: sum_ for name, sum_ in booked.items() if name not in others and sum_} == {
            name: sum_ for name, sum_ in expected.items() if sum_
        }
        assert booked.get("insurance USDT", ZERO) >= 0

    @precondition(is_open)
    @invariant()
    def positions_are_the_sum_of_their_fills(self) -> None:
        """Realised and unrealised profit together are what all fills earn at any one price."""
        ledger = self.exchange.ledger
        settled = bool(ledger.bills("kind = 'settlement'"))
        for inst_id in ("ETH-USDT-SWAP", "ATOM-USDT-SWAP"):
            fills, row = ledger.fills("inst_id = ?", inst_id), ledger.position(inst_id)
            signed = [
                (Decimal(f.size) if f.side == "buy" else -Decimal(f.size), Decimal(f.price)) for f in fills
            ]
            assert sum((size for size, _ in signed), ZERO) == (Decimal(row.size) if row else ZERO)
            if row is None or settled:
                continue
            unit, average = Decimal(row.contract_value), Decimal(row.average_price)
            realized = sum((Decimal(fill.pnl) for fill in fills), ZERO)
            unrealized = Decimal(row.size) * unit * (1 - average)
            earned = sum((size * unit * (1 - price) for size, price in signed), ZERO)
            assert abs(realized + unrealized - earned) < Decimal("1E-6")

    @precondition(is_open)
    @invariant()
    def nothing_is_left_undone(self) -> None:
        """An order is the sum of its fills, an algo order names its child, and reduce-only never opens."""
        ledger = self.exchange.ledger
        for order in ledger.orders("1 = 1"):
            fills = ledger.fills("ord_id = ?", order.ord_id)
            assert Decimal(order.filled_base) == sum((Decimal(fill.size) for fill in fills), ZERO)
            assert Decimal(order.fee) == sum((Decimal(fill.fee) for fill in fills), ZERO)
            assert Decimal(order.pnl) == sum((Decimal(fill.pnl) for fill in fills), ZERO)
            assert (order.state == "filled") == (order.filled_base == order.size)
            if order.state in OPEN_STATES and order.reduce_only == "true":
                row = ledger.position(order.inst_id)
                assert row is not None
                assert row.size != "0"
        for algo in ledger.algos("1 = 1"):
            assert (algo.state == "effective") == (algo.ord_id > 0)
            assert (algo.state == "order_failed") == bool(algo.fail_code)


TestAccountMachine = AccountMachine.TestCase
TestAccountMachine.settings = settings(max_examples=examples(15), stateful_step_count=30)
