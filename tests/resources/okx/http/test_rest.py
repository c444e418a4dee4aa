"""Requests as they are sent, and what is made of answers that say no, or nothing."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

import pytest

from resources.okx.client import OkxClient
from resources.okx.errors import (
    ParsingError,
    RateLimited,
    TransientError,
    UnknownOutcomeError,
)
from resources.okx.rows.orders import AttachedAlgo
from resources.okx.rows.requests import AT_MARKET, AlgoName, Amendment, NewAlgo, OrderName, body
from tests.resources.okx.conftest import SPOT, SWAP, named, order

NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
Answering = Callable[..., None]


class Faulty(Protocol):
    seen: list[str]
    headers: list[dict[str, str]]


def answer(*rows: dict[str, Any], code: str = "0") -> tuple[int, bytes]:
    return 200, json.dumps({"code": code, "msg": "why", "data": rows}).encode()


def row(code: str, order_id: str = "7", **fields: str) -> dict[str, str]:
    return {"ordId": order_id, "clOrdId": "x", "sCode": code, "sMsg": "why", "ts": "1", **fields}


CHANGES: list[Callable[[OkxClient], Any]] = [
    lambda client: client.cancel(named("x")),
    lambda client: client.amend(Amendment(inst_id=SPOT, client_order_id="x", new_size=Decimal(1))),
    lambda client: client.place_batch([order("x"), order("y")]),
    lambda client: client.cancel_batch([named("x")]),
    lambda client: client.close_position(SWAP),
    lambda client: client.cancel_algos([AlgoName(inst_id=SPOT, algo_id="1")]),
]


class TestAnswers:
    @pytest.mark.parametrize("change", CHANGES)
    @pytest.mark.parametrize(
        "failure", [None, (502, b"<html>"), (500, b'{"code":"50026","msg":"busy","data":[]}'), answer()]
    )
    def test_a_change_without_a_clear_answer_is_unknown_and_sent_once(
        self,
        client: OkxClient,
        answering: Answering,
        faulty: Faulty,
        change: Callable[[OkxClient], Any],
        failure: tuple[int, bytes] | None,
    ) -> None:
        answering(failure)
        with pytest.raises(UnknownOutcomeError):
            change(client)
        assert len(faulty.seen) == 1

    def test_an_answer_that_cannot_be_read_is_no_refusal(
        self, client: OkxClient, answering: Answering
    ) -> None:
        answering(answer(row("0", ts="soon")))
        with pytest.raises(UnknownOutcomeError, match="field ts is 'soon', expected a time in milliseconds"):
            client.place(order("x"))

    def test_fewer_answers_than_orders_leave_all_unknown(
        self, client: OkxClient, answering: Answering
    ) -> None:
        answering(answer(row("0")))
        with pytest.raises(UnknownOutcomeError, match="a row that answers each order"):
            client.place_batch([order("x"), order("y")])

    def test_a_batch_refused_as_a_whole_for_haste_is_sent_again(
        self, client: OkxClient, answering: Answering, faulty: Faulty
    ) -> None:
        answering(answer(row("50011", ""), row("50061", ""), code="1"), answer(row("0"), row("0", "8")))
        assert [item.order_id for item in client.place_batch([order("x"), order("y")])] == ["7", "8"]
        assert len(faulty.seen) == 2

    def test_a_batch_refused_for_haste_in_part_is_not_sent_again(
        self, client: OkxClient, answering: Answering, faulty: Faulty
    ) -> None:
        answering(answer(row("0"), row("50011", ""), row("51149", ""), code="2"))
        results = client.place_batch([order("x"), order("y"), order("z")])
        received = [(item.is_accepted, item.is_rejected, item.is_unknown) for item in results]
        assert received == [(True, False, False), (False, True, False), (False, False, True)]
        assert len(faulty.seen) == 1

    def test_haste_without_end_is_reported_as_such(self, client: OkxClient, answering: Answering) -> None:
        answering(answer(row("50011", ""), code="1"))
        with pytest.raises(RateLimited):
            client.cancel(named("x"))

    def test_a_setting_may_be_made_twice_so_it_is_repeated(
        self, client: OkxClient, answering: Answering, faulty: Faulty
    ) -> None:
        level = {"instId": SWAP, "mgnMode": "cross", "lever": "3", "posSide": "net"}
        answering(None, (502, b"<html>"), answer(level))
        assert client.set_leverage(SWAP, Decimal(3)).leverage == 3
        assert len(faulty.seen) == 3
        answering((502, b"<html>"))
        with pytest.raises(TransientError):
            client.set_position_mode("net_mode")

    def test_a_full_page_without_a_cursor_stops_the_paging(
        self, client: OkxClient, answering: Answering
    ) -> None:
        fill = {
            "instId": SPOT,
            "tradeId": "1",
            "ordId": "1",
            "side": "buy",
            "fillPx": "1",
            "fillSz": "1",
            "ts": "1",
        }
        answering(answer(*[fill] * 100))
        with pytest.raises(ParsingError, match="no bill_id to page on from"):
            client.fills()

    def test_a_bad_row_of_a_list_is_named_with_its_call(
        self, client: OkxClient, answering: Answering
    ) -> None:
        answering(answer({"instId": SPOT, "tradeId": "1", "px": "-1", "sz": "1", "side": "buy", "ts": "1"}))
        wanted = r"OKX GET /market/trades: row 0, BTC-USDT: field px is '-1', expected a number above zero"
        with pytest.raises(ParsingError, match=wanted):
            client.trades(SPOT)

    def test_the_deadline_travels_as_a_header(
        self, client: OkxClient, answering: Answering, faulty: Faulty
    ) -> None:
        answering(answer(row("0")))
        client.place(order("x"), datetime(2024, 1, 1, tzinfo=UTC))
        assert faulty.headers[-1]["expTime"] == "1704067200000"


class TestRequests:
    def test_only_what_is_set_is_sent_and_never_with_an_exponent(self) -> None:
        stop = AttachedAlgo(sl_trigger_price=Decimal("1E+3"), sl_order_price=AT_MARKET)
        wanted = order("x", size=Decimal("1E-7"), attached=(stop,), reduce_only=False)
        assert body(wanted) == {
            "instId": SPOT, "side": "buy", "sz": "0.0000001", "ordType": "limit", "px": "1000", "tdMode": "cash",
            "clOrdId": "x", "reduceOnly": False, "attachAlgoOrds": [{"slTriggerPx": "1000", "slOrdPx": "-1"}],
        }  # fmt: skip

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: order("x", "limit", None),
            lambda: order("x", "market", "1"),
            lambda: order("x", "market", None, target_currency=""),
            lambda: OrderName(inst_id=SPOT),
            lambda: Amendment(inst_id=SPOT, order_id="1"),
            lambda: AlgoName(inst_id=SPOT),
            lambda: NewAlgo(inst_id=SPOT, side="buy", order_type="trigger", trade_mode="cash"),
        ],
    )
    def test_a_request_that_cannot_be_meant_is_never_made(self, wrong: Callable[[], object]) -> None:
        with pytest.raises(ValueError, match="BTC-USDT: an"):
            wrong()

    def test_a_batch_has_a_size(self, client: OkxClient, faulty: Faulty) -> None:
        for wrong in (
            lambda: client.place_batch([]),
            lambda: client.cancel_batch([named("x")] * 21),
            lambda: client.cancel_algos([]),
        ):
            with pytest.raises(ValueError, match="1 to "):
                wrong()
        with pytest.raises(ValueError, match="named by its id"):
            client.algo_order()
        assert faulty.seen == []
