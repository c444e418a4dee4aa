"""Paper trading: another exchange's public data pass through, orders stay here and fill at its book."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests

from okx_core.errors import OkxSignalError
from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import ExchangeClock, fixed, iso_to_ms
from okx_simulator.protocol.errors import ApiError
from okx_simulator.relay.upstream import Upstream
from okx_simulator.server.relay_exchange import relay_exchange
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape

NOW = "2023-06-01T12:20:00Z"


@pytest.fixture
def okx(tape: SyntheticTape) -> Iterator[tuple[Exchange, str]]:
    """An exchange in OKX's place, and its address."""
    exchange = Exchange(tape, ExchangeClock(fixed(iso_to_ms(NOW, "test"))))
    with serve_in_thread(exchange) as addresses:
        yield exchange, addresses.base_url
    exchange.close()


@pytest.fixture
def exchange(okx: tuple[Exchange, str]) -> Iterator[Exchange]:
    """The relay, in the place of the simulated exchange that the other fixtures serve."""
    relay = relay_exchange(okx[1])
    yield relay
    relay.close()


PUBLIC = [
    ("/public/instruments", {"instType": "SPOT"}),
    ("/market/history-candles", {"instId": "BTC-USDT", "bar": "1H", "limit": "20"}),
    ("/market/candles", {"instId": "ETH-USDT", "bar": "15m"}),
    ("/market/tickers", {"instType": "SPOT"}),
    ("/market/books", {"instId": "BTC-USDT", "sz": "5"}),
    ("/market/trades", {"instId": "BTC-USDT"}),
    ("/public/funding-rate", {"instId": "BTC-USDT-SWAP"}),
]


@pytest.mark.parametrize(("path", "asked"), PUBLIC)
def test_public_answers_are_the_others_own_and_marked(
    okx, addresses, path: str, asked: dict[str, str]
) -> None:
    theirs = requests.get(f"{okx[1]}/api/v5{path}", params=asked, timeout=5).json()["data"]
    ours = requests.get(f"{addresses.base_url}/api/v5{path}", params=asked, timeout=5)
    assert ours.json()["data"] == theirs
    assert ours.headers["x-relayed-from"] == okx[1]


def test_its_time_is_the_others(get) -> None:
    stamp = int(get("/public/time")["data"][0]["ts"])
    assert 0 <= stamp - iso_to_ms(NOW, "test") < 60_000


def test_an_order_fills_here_at_the_others_book(okx, signed, exchange) -> None:
    ask = Decimal(okx[0].market.levels("BTC-USDT", "ask", 1)[0][0])
    order = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "market", "sz": "0.001",
             "tgtCcy": "base_ccy", "clOrdId": "paper1"}  # fmt: skip
    assert signed("POST", "/trade/order", order).json()["code"] == "0"
    fill = signed("GET", "/trade/fills").json()["data"][0]
    assert Decimal(fill["fillPx"]) == ask
    assert exchange.ledger.cash("BTC") == Decimal("0.001") * (1 - exchange.account.taker_fee)
    assert okx[0].ledger.fills("true") == []  # nothing of it reaches the other exchange


def test_a_resting_order_fills_when_a_look_finds_the_price(okx, signed, exchange) -> None:
    here = okx[0].market.price("BTC-USDT")
    order = {"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.001",
             "px": str((here * Decimal("0.97")).quantize(Decimal("0.1"))), "clOrdId": "rest1"}  # fmt: skip
    row = signed("POST", "/trade/order", order).json()["data"][0]
    assert row["sCode"] == "0", row
    asked = {"instId": "BTC-USDT", "clOrdId": "rest1"}
    assert signed("GET", "/trade/order", asked).json()["data"][0]["state"] == "live"
    start = iso_to_ms(NOW, "test") // 3_600_000
    later = okx[0].tape.bars("BTC-USDT", start + 5_000).between(start + 1, start + 5_000)
    low = int((later.close < float(here) * 0.96).argmax())
    okx[0].clock.set(fixed(int(later.hours[low] + 1) * 3_600_000))
    assert exchange.relay is not None
    exchange.relay._kept.clear()
    assert signed("GET", "/trade/order", asked).json()["data"][0]["state"] == "filled"


def test_an_unlisted_pair_and_a_swap_are_refused(signed) -> None:
    for pair, mode in (("NONE-USDT", "cash"), ("BTC-USDT-SWAP", "cross")):
        order = {"instId": pair, "tdMode": mode, "side": "buy", "ordType": "market", "sz": "1"}
        answer = signed("POST", "/trade/order", order).json()
        assert answer["data"][0]["sCode"] == "51001"


def test_a_trailing_stop_is_refused_with_the_reason(signed) -> None:
    order = {"instId": "BTC-USDT", "tdMode": "cash", "side": "sell", "ordType": "move_order_stop", "sz": "1",
             "callbackRatio": "0.01"}  # fmt: skip
    row = signed("POST", "/trade/order-algo", order).json()["data"][0]
    assert (row["sCode"], "too few prices to trail" in row["sMsg"]) == ("51000", True)


def test_what_the_other_refuses_is_refused_in_its_words(okx, get) -> None:
    assert get("/market/books", instId="NONE-USDT")["code"] == "51001"
    okx[0].faults.add(parse_rules({"kind": "busy", "path": "/market/*"}))
    assert get("/market/books", instId="ETH-USDT")["code"] == "50001"
    okx[0].faults.clear()
    okx[0].faults.add(parse_rules({"kind": "html_body", "path": "/market/*"}))
    answer = get("/market/books", instId="ATOM-USDT")
    assert (answer["code"], "The relay cannot read" in answer["msg"]) == ("50001", True)


def test_equal_questions_are_asked_once_a_moment_and_never_too_fast(okx) -> None:
    now, slept = [100.0], []
    upstream = Upstream(okx[1], monotonic=lambda: now[0], sleep=slept.append)
    for _ in range(5):
        upstream.rows("/market/ticker", {"instId": "BTC-USDT"})
    assert slept == []
    for pair in ("ETH-USDT", "ATOM-USDT"):
        upstream.rows("/market/ticker", {"instId": pair})
    assert slept == pytest.approx([0.11, 0.22])


@pytest.mark.parametrize("address", ["ftp://okx.com", "http://okx.com", "okx.com", ""])
def test_an_address_that_will_not_do_is_refused(address: str) -> None:
    with pytest.raises(OkxSignalError, match="will not do"):
        Upstream(address)


def test_without_the_other_there_is_no_relay() -> None:
    with pytest.raises(OkxSignalError, match="check the network and the address"):
        relay_exchange("http://127.0.0.1:9")


def test_upstream_errors_carry_their_code(okx) -> None:
    with pytest.raises(ApiError, match="51001"):
        Upstream(okx[1]).rows("/market/ticker", {"instId": "NONE-USDT"})
