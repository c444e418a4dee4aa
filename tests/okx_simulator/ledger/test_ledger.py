import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_core.errors import OkxSignalError
from okx_core.market.fees import TAKER_FEE
from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import Exchange
from okx_simulator.ledger.ledger import Ledger
from okx_simulator.orders.requests import OrderRequest
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.protocol.errors import ApiError
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_paths import EPOCH_HOUR
from tests.examples import examples

TAPE = SyntheticTape(("ETH-USDT", "ATOM-USDT"))
START_MS = (EPOCH_HOUR + 20_000) * HOUR_MS

requests = st.builds(
    OrderRequest,
    inst_id=st.sampled_from(TAPE.pairs),
    side=st.sampled_from(["buy", "sell"]),
    ord_type=st.sampled_from(["market", "ioc", "fok"]),
    size=st.decimals("0.01", "3000", places=2),
    size_in_quote=st.just(False),
    price=st.none(),
    client_order_id=st.just(""),
    tag=st.just(""),
)


def market_order(side: str, size: str, in_quote: bool = False, name: str = "") -> OrderRequest:
    return OrderRequest("ATOM-USDT", side, "market", Decimal(size), in_quote, None, name, "")


def opened(home: Path | None, hour: int = 0) -> Exchange:
    return Exchange(TAPE, ExchangeClock(fixed(START_MS + hour * HOUR_MS)), home)


@settings(max_examples=examples(4))
@given(st.lists(st.tuples(requests, st.booleans(), st.booleans()), max_size=12))
def test_money_is_conserved_over_orders_and_restarts(steps: list[tuple[OrderRequest, bool, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        exchange = opened(home)
        for hour, (request, in_quote, restart) in enumerate(steps):
            if restart:
                exchange.close()
                exchange = opened(home, hour)
            exchange.clock.set(fixed(START_MS + hour * HOUR_MS))
            market = OrderRequest(
                request.inst_id, request.side, "market", request.size, in_quote, None, "", ""
            )
            try:
                exchange.order_service.place(market, None)
            except ApiError:
                continue
        expected = {"USDT": Decimal(10_000)}
        for fill in exchange.ledger.fills("1 = 1"):
            base = fill.inst_id.split("-")[0]
            size, paid = Decimal(fill.size), Decimal(fill.size) * Decimal(fill.price)
            sign = 1 if fill.side == "buy" else -1
            expected[base] = expected.get(base, Decimal(0)) + sign * size
            expected["USDT"] -= sign * paid
            expected[fill.fee_currency] += Decimal(fill.fee)
            received = size if fill.side == "buy" else paid
            assert Decimal(fill.fee) == -received * TAKER_FEE
        held = {currency: cash for currency, (cash, _) in exchange.ledger.balances().items()}
        assert held == expected
        assert min(held.values()) >= 0
        exchange.close()


def test_an_account_survives_a_restart(tmp_path: Path) -> None:
    first = opened(tmp_path)
    order = first.order_service.place(market_order("buy", "10", name="abc"), None)
    balances, fills = first.ledger.balances(), first.ledger.fills("1 = 1")
    first.close()
    second = opened(tmp_path, 5)
    assert second.ledger.balances() == balances
    assert second.ledger.fills("1 = 1") == fills
    assert second.order_service.find(OrderName("ATOM-USDT", "", "abc")) == order
    later = second.order_service.place(market_order("sell", "5"), None)
    assert later.ord_id > order.ord_id
    second.close()


def test_ids_grow_even_if_the_clock_is_set_back_and_repeat_in_a_replay(tmp_path: Path) -> None:
    runs = []
    for name in ("one", "other"):
        exchange = opened(tmp_path / name, 10)
        ids = [exchange.order_service.place(market_order("buy", "1"), None).ord_id]
        exchange.clock.set(fixed(START_MS))
        ids.append(exchange.order_service.place(market_order("buy", "1"), None).ord_id)
        assert ids == sorted(set(ids))
        runs.append((ids, exchange.ledger.fills("1 = 1")))
        exchange.close()
    assert runs[0] == runs[1]


def test_one_folder_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(OkxSignalError, match="in use by another simulator"):
        opened(tmp_path)
    first.close()
    opened(tmp_path).close()


def test_a_failed_booking_leaves_nothing_behind(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, {"USDT": Decimal(100)})

    def overdraw() -> None:
        with ledger.transaction():
            ledger.change_balance(1, "ATOM", Decimal(5), 0)
            ledger.change_balance(1, "USDT", Decimal(-101), 0)

    with pytest.raises(OkxSignalError, match="would fall to -1"):
        overdraw()
    assert {currency: cash for currency, (cash, _) in ledger.balances().items()} == {"USDT": Decimal(100)}
    ledger.close()


def test_amounts_are_exact_to_the_last_digit(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, {"USDT": Decimal("0.1")})
    with ledger.transaction():
        ledger.change_balance(1, "USDT", Decimal("0.000000000000000000000002"), 0)
    assert ledger.cash("USDT") == Decimal("0.100000000000000000000002")
    ledger.close()
