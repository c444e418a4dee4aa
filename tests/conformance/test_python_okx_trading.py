"""Unmodified python-okx in futures mode: algo orders, attached stops, swaps, funding; domain only."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from okx.Account import AccountAPI
from okx.MarketData import MarketAPI
from okx.PublicData import PublicAPI
from okx.Trade import TradeAPI

from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.protocol.clock import ExchangeClock
from okx_simulator.server.serve import Addresses
from okx_simulator.tape.synthetic import SyntheticTape

# python-okx hands httpx its body in a way that httpx no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

PAIR, SWAP = "ATOM-USDT", "BTC-USDT-SWAP"


@pytest.fixture
def exchange(tape: SyntheticTape, tmp_path: Path) -> Iterator[Exchange]:
    built = Exchange(tape, ExchangeClock(), tmp_path, AccountSettings(level="2"))
    yield built
    built.close()


@pytest.fixture
def make(addresses: Addresses, key: tuple[str, str, str]) -> Iterator[Callable[..., Any]]:
    with ExitStack() as opened:
        yield lambda kind: opened.enter_context(kind(*key, flag="0", domain=addresses.base_url))


@pytest.fixture
def trade(make: Callable[..., Any]) -> TradeAPI:
    return make(TradeAPI)


@pytest.fixture
def near(exchange: Exchange) -> Callable[[float], str]:
    """A price of ATOM-USDT so many percent above the last one, on the tick, as OKX writes it: no zeros at its end."""

    def call(percent: float) -> str:
        listing = exchange.market.listing(PAIR)
        last = float(exchange.market.price(PAIR))
        price = listing.floor_price(type(listing.tick)(repr(last * (1 + percent / 100))))
        return format(price.normalize(), "f")

    return call


def rows(answer: dict[str, Any]) -> Any:
    assert answer["code"] == "0", answer
    return answer["data"]


@pytest.mark.parametrize(
    ("kind", "prices", "fields"),
    [
        ("conditional", {"slTriggerPx": -5}, {"slOrdPx": "-1"}),
        ("conditional", {"tpTriggerPx": 5, "tpOrdPx": 5.1}, {}),
        ("oco", {"tpTriggerPx": 5, "slTriggerPx": -5}, {"tpOrdPx": "-1", "slOrdPx": "-1"}),
        ("trigger", {"triggerPx": -5}, {"orderPx": "-1"}),
        ("move_order_stop", {"activePx": 2}, {"callbackRatio": "0.05"}),
        ("move_order_stop", {}, {"callbackSpread": "0.5"}),
    ],
)
def test_an_algo_order_from_creation_to_cancellation(
    trade: TradeAPI, near: Callable[[float], str], kind: str, prices: dict[str, float], fields: dict[str, str]
) -> None:
    sent = {name: near(percent) for name, percent in prices.items()}
    order = {
        "instId": PAIR,
        "tdMode": "cash",
        "side": "sell",
        "ordType": kind,
        "sz": "10",
        "algoClOrdId": "mine",
    }
    (made,) = rows(trade.place_algo_order(**order, **sent, **fields))
    assert [made["sCode"], made["algoClOrdId"]] == ["0", "mine"]
    (shown,) = rows(trade.get_algo_order_details(algoClOrdId="mine"))
    assert {name: shown[name] for name in sent if name != "orderPx"} == sent
    assert [shown["algoId"], shown["state"]] == [made["algoId"], "live"]
    assert [row["algoId"] for row in rows(trade.order_algos_list(ordType=kind))] == [made["algoId"]]
    assert rows(trade.cancel_algo_order([{"instId": PAIR, "algoId": made["algoId"]}]))[0]["sCode"] == "0"
    assert rows(trade.order_algos_list(ordType=kind)) == []
    assert [row["state"] for row in rows(trade.order_algos_history(kind, state="canceled"))] == ["canceled"]


def test_amending_and_refusals(trade: TradeAPI, near: Callable[[float], str]) -> None:
    order = {"instId": PAIR, "tdMode": "cash", "side": "sell", "ordType": "conditional", "sz": "10"}
    (made,) = rows(trade.place_algo_order(**order, slTriggerPx=near(-5), slOrdPx="-1"))
    rows(trade.amend_algo_order(PAIR, algoId=made["algoId"], newSlTriggerPx=near(-6), newSz="8"))
    (shown,) = rows(trade.get_algo_order_details(algoId=made["algoId"]))
    assert [shown["slTriggerPx"], shown["sz"]] == [near(-6), "8"]
    refused = trade.place_algo_order(**order, slTriggerPx=near(5), slOrdPx="-1")
    assert [refused["code"], refused["data"][0]["sCode"]] == ["1", "51280"]
    assert trade.cancel_algo_order([{"instId": PAIR, "algoId": "1"}])["data"][0]["sCode"] == "51400"


def test_stops_attached_to_a_spot_order(trade: TradeAPI, near: Callable[[float], str]) -> None:
    attached = [{"tpTriggerPx": near(10), "tpOrdPx": "-1", "slTriggerPx": near(-10), "slOrdPx": "-1"}]
    order = {"instId": PAIR, "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "10"}
    (made,) = rows(trade.place_order(**order, px=near(2), attachAlgoOrds=attached))
    (shown,) = rows(trade.get_order(PAIR, ordId=made["ordId"]))
    assert [shown["state"], shown["attachAlgoOrds"][0]["slTriggerPx"]] == ["filled", near(-10)]
    (oco,) = rows(trade.order_algos_list(ordType="oco"))
    assert [oco["side"], oco["sz"], oco["linkedOrd"]["ordId"]] == ["sell", "9.99", made["ordId"]]


def test_a_swap_position_from_opening_to_closing(make: Callable[..., Any], trade: TradeAPI) -> None:
    account = make(AccountAPI)
    assert rows(account.get_account_config())[0]["acctLv"] == "2"
    assert rows(account.set_leverage("10", "cross", instId=SWAP))[0]["lever"] == "10"
    assert rows(account.get_leverage("cross", instId=SWAP))[0]["lever"] == "10"
    assert rows(account.set_position_mode("net_mode")) == [{"posMode": "net_mode"}]
    assert account.set_position_mode("long_short_mode")["code"] == "51010"
    order = {"instId": SWAP, "tdMode": "cross", "side": "sell", "ordType": "market", "sz": "20.5"}
    (made,) = rows(trade.place_order(**order))
    (position,) = rows(account.get_positions("SWAP"))
    assert [position["pos"], position["posSide"], position["lever"]] == ["-20.5", "net", "10"]
    assert float(position["liqPx"]) > float(position["markPx"])
    (fill,) = rows(trade.get_fills("SWAP", ordId=made["ordId"]))
    assert [fill["feeCcy"], fill["instType"]] == ["USDT", "SWAP"]
    rows(trade.close_positions(SWAP, "cross"))
    assert rows(account.get_positions("SWAP")) == []
    assert {row["notes"] for row in rows(account.get_account_bills(ccy="USDT"))} == {"deposit", "fee", "pnl"}
    assert rows(account.get_fee_rates("SWAP"))[0]["taker"] == "-0.0005"


def test_public_data_of_swaps(make: Callable[..., Any]) -> None:
    public, market = make(PublicAPI), make(MarketAPI)
    assert len(rows(public.get_instruments("SWAP"))) == 3
    (rate,) = rows(public.get_funding_rate(SWAP))
    assert int(rate["nextFundingTime"]) - int(rate["fundingTime"]) == 8 * 3_600_000
    history = rows(public.funding_rate_history(SWAP, limit="10"))
    assert len(history) == 10
    (mark,) = rows(public.get_mark_price("SWAP", instId=SWAP))
    (band,) = rows(public.get_price_limit(SWAP))
    assert float(band["sellLmt"]) < float(mark["markPx"]) < float(band["buyLmt"])
    newest = rows(market.get_history_trades(SWAP, limit="5"))
    older = rows(market.get_history_trades(SWAP, type="1", after=newest[-1]["tradeId"], limit="5"))
    assert int(older[0]["tradeId"]) == int(newest[-1]["tradeId"]) - 1
    assert int(rows(market.get_history_trades(SWAP, type="2", after=older[0]["ts"]))[0]["ts"]) < int(
        older[0]["ts"]
    )
    assert len(rows(market.get_candlesticks(SWAP, bar="1H", limit="10"))) == 10
