"""Take-profit and stop-loss attached to an order: checked with it, placed once it is filled."""

import json
from decimal import Decimal

import pytest

from okx_simulator.api_errors import OrderRefusedError
from okx_simulator.clock import HOUR_MS, fixed, iso_to_ms
from okx_simulator.exchange import Exchange
from okx_simulator.orders import parse_order
from okx_simulator.trading_desk import OrderName

PAIR = "ATOM-USDT"
NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")


@pytest.fixture
def holding(exchange: Exchange) -> Exchange:
    """The account holds 100 ATOM less the fee."""
    exchange.desk.place(
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
    exchange.desk.settle()


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
        holding.desk.place(parse_order(order | {"attachAlgoOrds": json.dumps([attached])}), None)
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
    placed = exchange.desk.place(parse_order(order | {"attachAlgoOrds": attached}), None)
    gone = exchange.desk.place(parse_order(order | {"attachAlgoOrds": attached}), None)
    exchange.desk.cancel(OrderName(PAIR, str(gone.ord_id)))
    assert exchange.ledger.algos("1 = 1") == []
    step(exchange, 1_000)
    (algo,) = exchange.ledger.algos("1 = 1")
    assert [algo.ord_type, algo.side, algo.parent_id] == ["oco", "sell", placed.ord_id]
    assert Decimal(algo.size) == grid.floor_size(Decimal(10) * (1 - Decimal("0.0008")))
    assert algo.state == "effective"
    assert len(exchange.ledger.orders("algo_id = ?", algo.algo_id)) == 1
