"""Algo orders wait on the server, trigger on the tape's path in the order of time, and send a child order."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from okx_simulator.engine.algo_engine import AlgoName
from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import Exchange
from okx_simulator.ledger.rows import AlgoRow
from okx_simulator.orders.algo_requests import parse_algo
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed, iso_to_ms
from okx_simulator.protocol.errors import ApiError, OrderRefusedError
from okx_simulator.tape.synthetic import SyntheticTape

PAIR = "ATOM-USDT"
NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")
Place = Callable[..., AlgoRow]


@pytest.fixture
def place(exchange: Exchange) -> Place:
    """Place an algo order by its wire names; prices in percent of the last price."""

    def call(side: str = "sell", kind: str = "conditional", **fields: object) -> AlgoRow:
        last = exchange.market.price(PAIR)
        grid = exchange.market.listing(PAIR)
        prices = {
            name: str(grid.floor_price(last * (100 + Decimal(str(value))) / 100))
            for name, value in fields.items()
            if name.endswith("Px") and isinstance(value, int | float)
        }
        sent = {
            "instId": PAIR,
            "tdMode": "cash",
            "side": side,
            "ordType": kind,
            "sz": "10",
            "tgtCcy": "base_ccy",
        }
        request = sent | {name: str(value) for name, value in fields.items()} | prices
        return exchange.order_service.place_algo(parse_algo(request, exchange.clock.now_ms()))

    return call


@pytest.fixture
def holding(exchange: Exchange) -> Exchange:
    """The account holds 100 ATOM less the fee."""
    exchange.order_service.place(
        parse_order(
            {
                "instId": PAIR,
                "tdMode": "cash",
                "side": "buy",
                "ordType": "market",
                "sz": "100",
                "tgtCcy": "base_ccy",
            }
        ),
        None,
    )
    return exchange


def step(exchange: Exchange, hours: float) -> None:
    exchange.clock.set(fixed(exchange.clock.now_ms() + round(hours * HOUR_MS)))
    exchange.order_service.settle()


def now_of(exchange: Exchange, algo: AlgoRow) -> AlgoRow:
    return exchange.order_service.algos.find(AlgoName(str(algo.algo_id)))


def test_nothing_is_reserved_until_the_trigger(holding: Exchange, place: Place) -> None:
    place(slTriggerPx=-50, slOrdPx="-1", sz="1000000")
    assert holding.order_service.books.frozen() == {}


@pytest.mark.parametrize(
    ("name", "which", "side"), [("slTriggerPx", "sl", "sell"), ("tpTriggerPx", "tp", "sell")]
)
def test_a_conditional_order_fires_once_at_the_market_of_its_moment(
    holding: Exchange, place: Place, name: str, which: str, side: str
) -> None:
    percent = -1 if which == "sl" else 1
    algo = place(side, **{name: percent})
    trigger = Decimal(algo.sl_trigger or algo.tp_trigger)
    step(holding, 400)
    fired = now_of(holding, algo)
    assert [fired.state, fired.actual_side, fired.actual_size] == ["effective", which, "10"]
    child = holding.order_service.find(OrderName(PAIR, str(fired.ord_id)))
    assert [child.state, child.source, child.algo_id] == ["filled", "7", algo.algo_id]
    assert child.created_ms == fired.triggered_ms < holding.clock.now_ms()
    before, there = (holding.market.at(fired.triggered_ms - back).price(PAIR) for back in (1, 0))
    assert (before > trigger >= there) if which == "sl" else (before < trigger <= there)
    assert abs(there / trigger - 1) < Decimal("0.002")  # the price moves once a second
    assert abs(Decimal(child.average_price) / trigger - 1) < Decimal("0.01")


def test_oco_cancels_the_other_side_by_being_one_order(holding: Exchange, place: Place) -> None:
    algo = place(kind="oco", tpTriggerPx=2, slTriggerPx=-2)
    step(holding, 400)
    assert now_of(holding, algo).state == "effective"
    assert len(holding.ledger.orders("algo_id = ?", algo.algo_id)) == 1


def test_a_limit_child_rests_and_fills_later_in_the_same_look(holding: Exchange, place: Place) -> None:
    algo = place(kind="trigger", triggerPx=-1, orderPx=0.5)
    step(holding, 2_000)
    child = holding.order_service.find(OrderName(PAIR, str(now_of(holding, algo).ord_id)))
    assert [child.ord_type, child.price, child.source] == ["limit", algo.order_price, "6"]
    if child.state == "filled":
        assert child.updated_ms > child.created_ms


def test_the_same_whether_time_passes_in_one_step_or_in_many(tape: SyntheticTape) -> None:
    def run(steps: int) -> list[Any]:
        exchange = Exchange(tape, ExchangeClock(fixed(NOW_MS)), rate_limits=False)
        buy = {"instId": PAIR, "tdMode": "cash", "side": "buy", "ordType": "market", "sz": "900"}
        exchange.order_service.place(parse_order(buy), None)
        for fields in (
            {"ordType": "move_order_stop", "callbackRatio": "0.03"},
            {"ordType": "move_order_stop", "callbackSpread": "0.4", "activePx": "11"},
            {"ordType": "trigger", "triggerPx": "10", "orderPx": "10.4"},
        ):
            request = {"instId": PAIR, "tdMode": "cross", "side": "sell", "sz": "10", **fields}
            exchange.order_service.place_algo(parse_algo(request, NOW_MS))
        for _ in range(steps):
            step(exchange, 720 / steps)
        fills = [(fill.price, fill.size, fill.filled_ms) for fill in exchange.ledger.fills("1 = 1")]
        moments = [(algo.state, algo.triggered_ms) for algo in exchange.ledger.algos("1 = 1")]
        exchange.close()
        return [fills, moments, exchange.clock.now_ms()]

    assert run(1) == run(60) == run(720)


def test_a_trailing_stop_follows_the_highest_price_since_it_was_placed(
    holding: Exchange, place: Place
) -> None:
    algo = place(kind="move_order_stop", callbackRatio="0.05")
    step(holding, 1_000)
    fired = now_of(holding, algo)
    assert fired.state == "effective"
    first, last = NOW_MS // HOUR_MS + 1, fired.triggered_ms // HOUR_MS
    whole = holding.tape.bars(PAIR, last).between(first, last)
    at_trigger = float(holding.market.at(fired.triggered_ms).price(PAIR))
    highest = max(float(whole.high.max()), at_trigger)
    assert at_trigger <= highest * 0.95 * 1.0001
    running = whole.high.copy()
    for index in range(1, len(running)):
        running[index] = max(running[index], running[index - 1])
    assert (whole.low[1:] > running[:-1] * 0.95).all()


def test_a_refused_child_fails_the_algo_order_and_nothing_else(exchange: Exchange, place: Place) -> None:
    algo = place(slTriggerPx=-1)
    step(exchange, 400)
    assert [now_of(exchange, algo).state, now_of(exchange, algo).fail_code] == ["order_failed", "51008"]
    assert exchange.ledger.orders("1 = 1") == []


@pytest.mark.parametrize(
    ("side", "prices", "code"),
    [
        ("buy", {"tpTriggerPx": 1}, "51277"),
        ("buy", {"slTriggerPx": -1}, "51278"),
        ("sell", {"tpTriggerPx": -1}, "51279"),
        ("sell", {"slTriggerPx": 1}, "51280"),
    ],
)
def test_a_trigger_that_would_fire_at_once_is_refused(
    exchange: Exchange, place: Place, side: str, prices: dict[str, int], code: str
) -> None:
    with pytest.raises(OrderRefusedError) as refused:
        place(side, **prices)
    assert refused.value.code == code
    assert exchange.ledger.algos("1 = 1") == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ordType": "twap"}, "51000"),
        ({"ordType": "nothing"}, "51000"),
        ({"tdMode": "isolated"}, "51000"),
        ({"side": "both"}, "51000"),
        ({"sz": "0"}, "51000"),
        ({"sz": ""}, "50014"),
        ({"closeFraction": "1"}, "51000"),
        ({"slTriggerPx": ""}, "50014"),
        ({"slTriggerPx": "", "slOrdPx": "3"}, "50014"),
        ({"slTriggerPxType": "guess"}, "51000"),
        ({"slOrdPx": "x"}, "51000"),
        ({"ordType": "oco"}, "50014"),
        ({"ordType": "trigger"}, "50014"),
        ({"ordType": "move_order_stop"}, "50014"),
        ({"ordType": "move_order_stop", "callbackRatio": "2"}, "51000"),
        ({"instId": "NO-USDT"}, "51001"),
        ({"instId": "ATOM-USDT-SWAP", "tdMode": "cross"}, "51010"),
        ({"sz": "0.0000001"}, "51020"),
        ({"slOrdPx": "3.00000001"}, "51000"),
        ({"algoClOrdId": "a-b"}, "51000"),
    ],
)
def test_what_is_wrong_is_named(exchange: Exchange, changes: dict[str, str], code: str) -> None:
    good = {
        "instId": PAIR,
        "tdMode": "cash",
        "side": "sell",
        "ordType": "conditional",
        "sz": "10",
        "slTriggerPx": "3",
    }
    fields = {name: value for name, value in (good | changes).items() if value}
    with pytest.raises(ApiError) as refused:
        exchange.order_service.place_algo(parse_algo(fields, NOW_MS))
    assert refused.value.code == code


def test_cancel_amend_and_what_is_no_longer_live(exchange: Exchange, place: Place) -> None:
    algo = place(slTriggerPx=-20, clOrdId="mine")
    name = AlgoName(client_algo_id="mine")
    with pytest.raises(ApiError, match="51065"):
        place(slTriggerPx=-20, algoClOrdId="mine")
    changed = exchange.order_service.amend_algo(name, {"sl_trigger": "2", "size": "7"})
    assert [changed.algo_id, changed.sl_trigger, changed.size] == [algo.algo_id, "2", "7"]
    assert exchange.order_service.cancel_algo(name).state == "canceled"
    with pytest.raises(ApiError, match="51400"):
        exchange.order_service.cancel_algo(name)
    with pytest.raises(ApiError, match="51503"):
        exchange.order_service.amend_algo(name, {"size": "7"})
    with pytest.raises(ApiError, match="51603"):
        exchange.order_service.algos.find(AlgoName("77"))


def test_they_survive_a_restart_and_fire_at_the_same_moment(tape: SyntheticTape, tmp_path: Path) -> None:
    moments = []
    for restarts in (0, 3):
        home = tmp_path / str(restarts)
        exchange = Exchange(tape, ExchangeClock(fixed(NOW_MS)), home)
        exchange.order_service.place(
            parse_order({"instId": PAIR, "tdMode": "cash", "side": "buy", "ordType": "market", "sz": "900"}),
            None,
        )
        trailing = {
            "instId": PAIR,
            "tdMode": "cash",
            "side": "sell",
            "ordType": "move_order_stop",
            "sz": "10",
        }
        exchange.order_service.place_algo(parse_algo({**trailing, "callbackRatio": "0.04"}, NOW_MS))
        for _ in range(restarts):
            step(exchange, 10)
            exchange.close()
            exchange = Exchange(tape, ExchangeClock(fixed(exchange.clock.now_ms())), home)
        exchange.clock.set(fixed(NOW_MS + 1_000 * HOUR_MS))
        exchange.order_service.settle()
        moments.append(exchange.ledger.algos("1 = 1")[0].triggered_ms)
        exchange.close()
    assert moments[0] == moments[1] > 0
