"""Orders over the private WebSocket: the same exchange, the same errors, instruments by their code."""

import pytest

from okx_simulator.exchange import Exchange

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
