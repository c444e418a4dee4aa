"""Fault scripts as a client meets them: over HTTP, in the order given, as often as the rule says."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import fixed, iso_to_ms
from okx_simulator.server.serve import Addresses

Signed = Callable[..., requests.Response]
BUY = {"instId": "ATOM-USDT", "tdMode": "cash", "side": "buy", "ordType": "market", "sz": "100"}
BID = {"instId": "ATOM-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "1", "px": "0.1"}


@pytest.fixture
def arm(exchange: Exchange) -> Callable[..., None]:
    def add(**rule: object) -> None:
        exchange.faults.add(parse_rules(rule))

    return add


@pytest.mark.parametrize(
    ("kind", "more", "status", "code"),
    [
        ("rate_limited", {}, 429, "50011"),
        ("rate_limited", {"status": 200}, 200, "50011"),
        ("busy", {}, 503, "50001"),
        ("system_error", {}, 500, "50026"),
        ("clock_skew", {}, 401, "50102"),
    ],
)
def test_an_error_comes_as_often_as_asked_and_nothing_is_carried_out(
    signed: Signed,
    exchange: Exchange,
    arm: Callable[..., None],
    kind: str,
    more: dict[str, object],
    status: int,
    code: str,
) -> None:
    arm(kind=kind, path="/trade/order", count=2, **more)
    answers = [signed("POST", "/trade/order", dict(BUY)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].json()["code"] == answers[1].json()["code"] == code
    assert exchange.ledger.counts()["orders"] == 1


@pytest.mark.parametrize(("kind", "status"), [("unavailable", 503), ("html_body", 403)])
def test_a_gateway_answers_without_json(
    signed: Signed, arm: Callable[..., None], kind: str, status: int
) -> None:
    arm(kind=kind)
    answer = signed("GET", "/account/balance")
    assert answer.status_code == status
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_an_order_whose_answer_never_comes_was_carried_out(
    signed: Signed, exchange: Exchange, arm: Callable[..., None]
) -> None:
    arm(kind="accept_then_timeout", method="POST", instId="ATOM-USDT", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        signed("POST", "/trade/order", dict(BUY, clOrdId="lost1"))
    found = signed("GET", "/trade/order", {"instId": "ATOM-USDT", "clOrdId": "lost1"}).json()
    assert found["data"][0]["state"] == "filled"
    assert exchange.faults.report()[0]["fired"] == 1


def test_a_socket_dropped_before_the_request_leaves_nothing(
    signed: Signed, exchange: Exchange, arm: Callable[..., None]
) -> None:
    arm(kind="dropped_socket", method="POST")
    with pytest.raises(requests.ConnectionError):
        signed("POST", "/trade/order", dict(BUY))
    assert exchange.ledger.counts()["orders"] == 0


def test_a_truncated_body_ends_before_its_length(signed: Signed, arm: Callable[..., None]) -> None:
    arm(kind="truncated_body", path="/account/*", count=1)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        signed("GET", "/account/balance")
    assert signed("GET", "/account/balance").json()["code"] == "0"


def test_a_slow_answer_is_right_but_late(signed: Signed, arm: Callable[..., None]) -> None:
    arm(kind="slow", seconds=0.3)
    started = time.monotonic()
    assert signed("GET", "/account/balance").json()["code"] == "0"
    assert time.monotonic() - started >= 0.3


def test_the_first_rule_that_strikes_wins_and_skip_lets_the_first_pass(
    get: Callable[..., Any], arm: Callable[..., None]
) -> None:
    arm(kind="busy", path="/public/time", skip=1, count=1)
    arm(kind="system_error", path="/public/*", skip=2)
    codes = [get("/public/time")["code"] for _ in range(5)]
    assert codes == ["0", "50001", "0", "50026", "50026"]


def test_a_suspended_pair_says_so_and_takes_no_orders(
    get: Callable[..., Any], signed: Signed, exchange: Exchange, arm: Callable[..., None]
) -> None:
    arm(kind="suspended", instId="ATOM-USDT", until="2023-06-01T13:00:00Z")
    states = {row["instId"]: row["state"] for row in get("/public/instruments", instType="SPOT")["data"]}
    assert states == {"BTC-USDT": "live", "ETH-USDT": "live", "ATOM-USDT": "suspend"}
    refused = signed("POST", "/trade/order", dict(BUY)).json()
    assert [refused["code"], refused["data"][0]["sCode"]] == ["1", "51022"]
    exchange.clock.set(fixed(iso_to_ms("2023-06-01T13:00:00Z", "test")))
    assert signed("POST", "/trade/order", dict(BUY)).json()["code"] == "0"


def test_a_resting_order_of_a_suspended_pair_is_not_filled(
    signed: Signed, exchange: Exchange, arm: Callable[..., None]
) -> None:
    best = str(exchange.market.levels("ATOM-USDT", "bid", 1)[0][0])
    assert signed("POST", "/trade/order", dict(BID, px=best)).json()["code"] == "0"
    arm(kind="suspended", instId="ATOM-USDT", until="2023-06-03T12:00:00Z")
    states = []
    for moment in ("2023-06-03T11:00:00Z", "2023-06-10T12:00:00Z"):
        exchange.clock.set(fixed(iso_to_ms(moment, "test")))
        exchange.order_service.settle()
        states.append(len(exchange.ledger.open_orders()))
    assert states == [1, 0], "it waits for the end of the suspension, and for the price to come back"


def test_a_delisted_pair_is_gone_from_everything(
    get: Callable[..., Any], signed: Signed, arm: Callable[..., None]
) -> None:
    arm(kind="delisted", instId="ATOM-USDT", **{"from": "2023-06-01T12:00:00Z"})
    listed = [row["instId"] for row in get("/public/instruments", instType="SPOT")["data"]]
    assert listed == ["BTC-USDT", "ETH-USDT"]
    for path in ("/market/candles", "/market/ticker", "/market/books", "/market/trades"):
        assert get(path, instId="ATOM-USDT", bar="1H")["code"] == "51001", path
    assert signed("POST", "/trade/order", dict(BUY)).json()["data"][0]["sCode"] == "51001"


def test_a_hidden_order_is_found_thirty_seconds_later_by_the_exchange_clock(
    signed: Signed, exchange: Exchange, arm: Callable[..., None]
) -> None:
    arm(kind="order_hidden", seconds=30)
    assert signed("POST", "/trade/order", dict(BID, clOrdId="shy1")).json()["code"] == "0"
    name = {"instId": "ATOM-USDT", "clOrdId": "shy1"}
    assert signed("GET", "/trade/order", name).json()["code"] == "51603"
    assert signed("GET", "/trade/orders-pending").json()["data"] == []
    exchange.clock.set(fixed(iso_to_ms("2023-06-01T12:20:30Z", "test")))
    assert signed("GET", "/trade/order", name).json()["data"][0]["state"] == "live"
    assert len(signed("GET", "/trade/orders-pending").json()["data"]) == 1


class TestAdminPort:
    def test_rules_are_added_reported_and_cleared(
        self, addresses: Addresses, get: Callable[..., Any]
    ) -> None:
        url = f"{addresses.admin_url}/admin/faults"
        with requests.Session() as session:
            session.trust_env = False
            session.post(url, json={"kind": "busy", "path": "/public/time", "count": 1}, timeout=10)
            session.post(url, json=[{"kind": "slow", "channel": "x"}], timeout=10)
            assert [get("/public/time")["code"] for _ in range(2)] == ["50001", "0"]
            rows = session.get(url, timeout=10).json()["faults"]
            assert [(row["kind"], row["matched"], row["fired"]) for row in rows] == [
                ("busy", 2, 1),
                ("slow", 0, 0),
            ]
            assert session.delete(url, timeout=10).json() == {"faults": []}

    @pytest.mark.parametrize("body", ["{", '{"kind": "earthquake"}', "[1]"])
    def test_a_bad_script_is_refused_whole_with_a_reason(
        self, addresses: Addresses, exchange: Exchange, body: str
    ) -> None:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(f"{addresses.admin_url}/admin/faults", data=body, timeout=10)
        assert [answer.status_code, exchange.faults.report()] == [400, []]
        assert answer.json()["error"]

    def test_other_sites_cannot_reach_it(self, addresses: Addresses) -> None:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.delete(
                f"{addresses.admin_url}/admin/faults", headers={"Origin": "https://evil.example"}, timeout=10
            )
        assert answer.status_code == 403
