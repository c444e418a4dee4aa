"""Any sequence of orders, cancels, amendments, clock steps and restarts keeps the books straight."""

import tempfile
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from okx_core.market.fees import MAKER_FEE, TAKER_FEE
from okx_simulator.engine.amending import Amendment
from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.ledger.ledger import OPEN_STATES
from okx_simulator.orders.requests import OrderRequest
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.protocol.errors import ApiError
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_paths import EPOCH_HOUR
from tests.examples import examples

TAPE = SyntheticTape(("ETH-USDT", "ATOM-USDT"))
START_MS = (EPOCH_HOUR + 20_000) * HOUR_MS
OPENING = Decimal(1_000_000)

pairs = st.sampled_from(TAPE.pairs)
sides = st.sampled_from(["buy", "sell"])
distances = st.integers(-60, 30) | st.integers(
    -5, 1
)  # price from the best opposite level, in tenths of a percent, 0 takes
amounts = st.decimals("5", "6000", places=2) | st.decimals("10000", "300000", places=2)  # quote


class OrderMachine(RuleBasedStateMachine):
    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.now_ms = START_MS
        self.exchange = self.opened()

    def opened(self) -> Exchange:
        return Exchange(
            TAPE,
            ExchangeClock(fixed(self.now_ms)),
            Path(self.folder.name),
            AccountSettings(opening_usdt=OPENING),
        )

    def teardown(self) -> None:
        if hasattr(self, "exchange"):
            self.exchange.close()
            self.folder.cleanup()

    def price(self, pair: str, side: str, distance: int) -> Decimal:
        best = self.exchange.market.levels(pair, "ask" if side == "buy" else "bid", 1)[0][0]
        away = distance if side == "buy" else -distance
        return self.exchange.market.listing(pair).floor_price(best * (1000 + away) / 1000)

    def name_of(self, position: int) -> OrderName | None:
        orders = self.exchange.ledger.orders("1 = 1 order by ord_id desc limit 8")
        if not orders:
            return None
        order = orders[position % len(orders)]
        return OrderName(order.inst_id, str(order.ord_id))

    @rule(
        pair=pairs,
        side=sides,
        distance=distances,
        amount=amounts,
        ord_type=st.sampled_from(["limit", "limit", "post_only", "ioc", "fok", "market"]),
        in_quote=st.booleans(),
    )
    def place(
        self, pair: str, side: str, distance: int, amount: Decimal, ord_type: str, in_quote: bool
    ) -> None:
        market = ord_type == "market"
        price = self.price(pair, side, distance)
        size = self.exchange.market.listing(pair).floor_size(amount / price)
        if size <= 0:
            return
        request = OrderRequest(
            pair,
            side,
            ord_type,
            amount if market and in_quote else size,
            market and in_quote,
            None if market else price,
            "",
            "",
        )
        with suppress(ApiError):
            self.exchange.order_service.place(request, None)

    @rule(position=st.integers(0, 7))
    def cancel(self, position: int) -> None:
        if name := self.name_of(position):
            with suppress(ApiError):
                self.exchange.order_service.cancel(name)

    @rule(
        position=st.integers(0, 7),
        distance=st.none() | distances,
        factor=st.none() | st.integers(1, 30),
        cancel_on_fail=st.booleans(),
    )
    def amend(self, position: int, distance: int | None, factor: int | None, cancel_on_fail: bool) -> None:
        name = self.name_of(position)
        if name is None:
            return
        try:
            order = self.exchange.order_service.find(name)
        except ApiError:  # cancelled unfilled for more than two hours
            return
        grid = self.exchange.market.listing(order.inst_id)
        amendment = Amendment(
            None if factor is None else max(grid.floor_size(Decimal(order.size) * factor / 10), grid.lot),
            None if distance is None else self.price(order.inst_id, order.side, distance),
            cancel_on_fail,
        )
        with suppress(ApiError):
            self.exchange.order_service.amend(name, amendment, None)

    @rule(minutes=st.integers(-90, 600))
    def step(self, minutes: int) -> None:
        self.now_ms = max(self.now_ms + minutes * 60_000, START_MS)
        self.exchange.clock.set(fixed(self.now_ms))
        self.exchange.order_service.settle()

    @rule()
    def restart(self) -> None:
        before = self.exchange.state()
        self.exchange.close()
        self.exchange = self.opened()
        assert self.exchange.state() == before

    @invariant()
    def money_is_conserved(self) -> None:
        if not hasattr(self, "exchange"):
            return
        expected = {"USDT": OPENING}
        for fill in self.exchange.ledger.fills("1 = 1"):
            base, quote = fill.inst_id.split("-")
            size, paid = Decimal(fill.size), Decimal(fill.size) * Decimal(fill.price)
            sign = 1 if fill.side == "buy" else -1
            expected[base] = expected.get(base, Decimal(0)) + sign * size
            expected[quote] -= sign * paid
            expected[fill.fee_currency] += Decimal(fill.fee)
            rate = {"T": TAKER_FEE, "M": MAKER_FEE}[fill.liquidity]
            assert Decimal(fill.fee) == -(size if fill.side == "buy" else paid) * rate
        held = {currency: cash for currency, (cash, _) in self.exchange.ledger.balances().items()}
        assert held == expected
        assert min(held.values()) >= 0

    @invariant()
    def what_is_frozen_is_what_open_orders_need(self) -> None:
        if not hasattr(self, "exchange"):
            return
        needed: dict[str, Decimal] = {}
        for order in self.exchange.ledger.orders("1 = 1"):
            left = Decimal(order.size) - Decimal(order.filled_base)
            assert (order.state == "filled") == (left == 0) or order.target_currency == "quote_ccy"
            if order.state in OPEN_STATES:
                base, quote = order.inst_id.split("-")
                coin, amount = (base, left) if order.side == "sell" else (quote, left * Decimal(order.price))
                needed[coin] = needed.get(coin, Decimal(0)) + amount
        assert self.exchange.order_service.books.frozen() == needed
        assert all(self.exchange.ledger.cash(coin) >= amount for coin, amount in needed.items())

    @invariant()
    def every_order_is_the_sum_of_its_fills(self) -> None:
        if not hasattr(self, "exchange"):
            return
        for order in self.exchange.ledger.orders("1 = 1"):
            fills = self.exchange.ledger.fills("ord_id = ?", order.ord_id)
            assert Decimal(order.filled_base) == sum((Decimal(fill.size) for fill in fills), Decimal(0))
            assert Decimal(order.fee) == sum((Decimal(fill.fee) for fill in fills), Decimal(0))


TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.settings = settings(max_examples=examples(10), stateful_step_count=25)
