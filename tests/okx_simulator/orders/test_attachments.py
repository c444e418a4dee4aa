"""Take-profit and stop-loss attached to an order: checked with it, placed once it is filled."""

import json
from decimal import Decimal

import pytest

from okx_simulator.engine.order_service import OrderName
from okx_simulator.exchange import Exchange
from okx_simulator.orders.requests import parse_order
from okx_simulator.protocol.clock import HOUR_MS, fixed, iso_to_ms
from okx_simulator.protocol.errors import ApiError, OrderRefusedError

PAIR = "ATOM-USDT"
NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")


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


@pytest.mark.parametrize(
    ("side", "ord_type", "attached", "code"),
    [
        ("buy", "limit", {"tpTriggerPx": "1"}, "51046"),
        ("buy", "limit", {"slTriggerPx": "100"}, "51047"),
        ("sell", "limit", {"tpTriggerPx": "100"}, "51048"),
        ("sell", "limit", {"slTriggerPx": "1"}, "51049"),
        ("buy", "market", {"tpTriggerPx": "1"}, "51050"),
        ("buy", "market", {"slTriggerPx": "100"}, "51051"),
        ("sell", "market", {"tpTriggerPx": "100"}, "51052"),
        ("sell", "market", {"slTriggerPx": "1"}, "51053"),
    ],
)
def test_attached_on_the_wrong_side(
    holding: Exchange, side: str, ord_type: str, attached: dict[str, str], code: str
) -> None:
    price = str(holding.market.levels(PAIR, "ask", 1)[0][0])
    order = {"instId": PAIR, "tdMode": "cash", "side": side, "ordType": ord_type, "sz": "10", "px": price}
    if ord_type == "market":
        order["tgtCcy"] = "quote_ccy"
    with pytest.raises(OrderRefusedError) as refused:
        holding.order_service.place(parse_order(order | {"attachAlgoOrds": json.dumps([attached])}), None)
    assert refused.value.code == code


def test_what_is_attached_waits_for_the_fill_and_goes_with_an_unfilled_order(exchange: Exchange) -> None:
    grid = exchange.market.listing(PAIR)
    price = grid.floor_price(exchange.market.price(PAIR) * Decimal("0.995"))
    step_away = grid.floor_price(price / 50)
    attached = json.dumps([{"tpTriggerPx": str(price + step_away), "slTriggerPx": str(price - step_away)}])
    order = {
        "instId": PAIR,
        "tdMode": "cash",
        "side": "buy",
        "ordType": "limit",
        "sz": "10",
        "px": str(price),
    }
    placed = exchange.order_service.place(parse_order(order | {"attachAlgoOrds": attached}), None)
    gone = exchange.order_service.place(parse_order(order | {"attachAlgoOrds": attached}), None)
    exchange.order_service.cancel(OrderName(PAIR, str(gone.ord_id)))
    assert exchange.ledger.algos("1 = 1") == []
    step(exchange, 1_000)
    (algo,) = exchange.ledger.algos("1 = 1")
    assert [algo.ord_type, algo.side, algo.parent_id] == ["oco", "sell", placed.ord_id]
    assert Decimal(algo.size) == grid.floor_size(Decimal(10) * (1 - Decimal("0.0008")))
    assert algo.state == "effective"
    assert len(exchange.ledger.orders("algo_id = ?", algo.algo_id)) == 1


@pytest.mark.parametrize(
    "attached",
    [
        "x",
        "3",
        "{}",
        "[{}]",
        "[3]",
        '[{"slTriggerPx": "x"}]',
        '[{"slOrdPx": "3"}]',
        '[{"slTriggerPx": "1"}, {}]',
    ],
)
def test_attached_nonsense_is_a_parameter_error(holding: Exchange, attached: str) -> None:
    order = {"instId": PAIR, "tdMode": "cash", "side": "sell", "ordType": "limit", "sz": "10", "px": "11"}
    before = len(holding.ledger.orders("1 = 1"))
    with pytest.raises(ApiError) as refused:
        holding.order_service.place(parse_order(order | {"attachAlgoOrds": attached}), None)
    assert refused.value.code in ("51000", "50014")
    assert len(holding.ledger.orders("1 = 1")) == before


def test_a_market_buy_by_amount_and_a_reduce_only_order_cannot_have_any(
    exchange: Exchange, futures: Exchange
) -> None:
    attached = json.dumps([{"slTriggerPx": "1"}])
    market = {"side": "buy", "ordType": "market", "attachAlgoOrds": attached}
    with pytest.raises(ApiError, match="51000"):
        exchange.order_service.place(
            parse_order({**market, "instId": PAIR, "tdMode": "cash", "sz": "10", "tgtCcy": "base_ccy"}), None
        )
    swap = {**market, "instId": f"{PAIR}-SWAP", "tdMode": "cross", "sz": "1", "reduceOnly": "true"}
    with pytest.raises(ApiError, match="51100"):
        futures.order_service.place(parse_order(swap), None)
