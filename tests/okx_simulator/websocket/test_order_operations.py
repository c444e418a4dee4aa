"""Orders over the private WebSocket: the same exchange, the same errors, instruments by their code."""

import pytest
from websockets.exceptions import ConnectionClosedError

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules

ATOM = 3  # its instIdCode: the third pair of the tape
BID = {"instIdCode": ATOM, "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "1", "px": "0.1"}


def test_an_order_is_placed_amended_and_cancelled(open_socket, play, exchange: Exchange) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            placed = await client.ask("order", {**BID, "clOrdId": "mine1"}, id="1")
            assert [placed["id"], placed["op"], placed["code"]] == ["1", "order", "0"]
            assert placed["inTime"] <= placed["outTime"]
            name = {"instIdCode": ATOM, "ordId": placed["data"][0]["ordId"]}
            amended = await client.ask("amend-order", {**name, "newSz": "2"}, id="2")
            assert amended["data"][0]["sCode"] == "0"
            assert exchange.ledger.open_orders()[0].size == "2"
            cancelled = await client.ask("cancel-order", name, id="3")
            assert cancelled["data"][0]["sCode"] == "0"
            assert exchange.ledger.open_orders() == []

    play(scene())


def test_batches_answer_row_by_row(open_socket, play, exchange: Exchange) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            placed = await client.ask("batch-orders", BID, {**BID, "sz": "0.0000001"}, id="1")
            assert [placed["code"], placed["data"][0]["sCode"]] == ["2", "0"]
            assert placed["data"][1]["sCode"] != "0"
            name = {"instIdCode": ATOM, "ordId": placed["data"][0]["ordId"]}
            amended = await client.ask("batch-amend-orders", {**name, "newSz": "2"}, id="2")
            assert [amended["code"], exchange.ledger.open_orders()[0].size] == ["0", "2"]
            cancelled = await client.ask("batch-cancel-orders", name, id="3")
            assert [cancelled["code"], exchange.ledger.open_orders()] == ["0", []]

    play(scene())


@pytest.mark.parametrize(
    ("op", "changed", "code"),
    [
        ("order", {"instIdCode": None, "instId": "ATOM-USDT"}, "50014"),
        ("order", {"instIdCode": 77}, "51001"),
        ("order", {"side": "hold"}, "51000"),
        ("order", {"sz": "1000000"}, "1"),
        ("cancel-order", {"ordId": "1"}, "1"),
    ],
)
def test_a_refusal_keeps_the_id_and_says_why(open_socket, play, op: str, changed: dict, code: str) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            answer = await client.ask(op, {**BID, **changed}, id="9")
            assert [answer["id"], answer["op"], answer["code"]] == ["9", op, code]

    play(scene())


def test_without_login_or_id_nothing_is_placed(open_socket, play, exchange: Exchange) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            assert (await client.ask("order", BID, id="1"))["code"] == "60011"
            await client.login()
            assert (await client.ask("order", BID))["code"] == "60012"
        async with open_socket("public") as client:
            assert (await client.ask("order", BID, id="1"))["code"] == "60012"
        assert exchange.ledger.counts()["orders"] == 0

    play(scene())


def test_a_request_that_comes_too_late_is_not_carried_out(open_socket, play) -> None:
    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            assert (await client.ask("order", BID, id="1", expTime="1600000000000"))["code"] == "50036"

    play(scene())


def test_the_rate_limit_is_shared_with_rest(open_socket, play, exchange: Exchange) -> None:
    exchange.limiter.enabled = True
    rows = [{"instId": "ATOM-USDT"}]

    async def scene() -> None:
        async with open_socket("private") as client:
            await client.login()
            for _ in range(60):
                exchange.limiter.admit("POST", "/api/v5/trade/order", exchange.account.key.key, rows)
            assert (await client.ask("order", BID, id="1"))["code"] == "50011"

    play(scene())


class TestFaults:
    def test_an_error_is_answered_and_nothing_is_carried_out(
        self, open_socket, play, exchange: Exchange
    ) -> None:
        exchange.faults.add(
            parse_rules({"kind": "busy", "path": "/trade/order", "instId": "ATOM-*", "count": 1})
        )

        async def scene() -> None:
            async with open_socket("private") as client:
                await client.login()
                refused = await client.ask("order", BID, id="1")
                assert [refused["id"], refused["code"], refused["data"]] == ["1", "50001", []]
                assert exchange.ledger.counts()["orders"] == 0
                assert (await client.ask("order", BID, id="2"))["code"] == "0"

        play(scene())

    def test_an_order_may_stand_though_the_connection_ended_before_the_answer(
        self, open_socket, play, exchange: Exchange
    ) -> None:
        exchange.faults.add(parse_rules({"kind": "accept_then_timeout", "path": "/trade/*", "seconds": 0.1}))

        async def scene() -> None:
            async with open_socket("private") as client:
                await client.login()
                await client.send("order", BID, id="1")
                with pytest.raises(ConnectionClosedError):
                    await client.receive()
            assert exchange.ledger.counts()["orders"] == 1

        play(scene())

    def test_a_connection_that_ends_first_leaves_nothing(self, open_socket, play, exchange: Exchange) -> None:
        exchange.faults.add(parse_rules({"kind": "dropped_socket", "method": "POST"}))

        async def scene() -> None:
            async with open_socket("private") as client:
                await client.login()
                await client.send("order", BID, id="1")
                with pytest.raises(ConnectionClosedError):
                    await client.receive()
            assert exchange.ledger.counts()["orders"] == 0

        play(scene())

    def test_a_slow_answer_is_right_but_late(self, open_socket, play, exchange: Exchange) -> None:
        exchange.faults.add(parse_rules({"kind": "slow", "path": "/trade/order", "seconds": 0.3}))

        async def scene() -> None:
            async with open_socket("private") as client:
                await client.login()
                await client.send("order", BID, id="1")
                await client.quiet(0.2)
                assert (await client.receive())["code"] == "0"

        play(scene())
