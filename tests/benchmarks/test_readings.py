"""Messages by endpoint and channel: which row is theirs, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.payloads.readings import ENDPOINTS, Outcome, read_answer, read_frame
from okx_simulator.server.app import ENDPOINTS as SIMULATED
from resources.okx.rows.candle_pages import parse_candles

CANDLES = Path(__file__).parents[1] / "resources" / "okx" / "payloads" / "candles.json"


def test_what_is_not_an_answer_is_refused() -> None:
    for body in ([], {}, {"data": []}, {"code": "0", "msg": ""}, {"code": "0", "data": {}}):
        reading = read_answer("GET /account/balance", body)
        assert reading.outcome is Outcome.REFUSED
        assert "field" in reading.reason


def test_an_error_of_the_call_is_typed_by_what_may_be_done() -> None:
    assert "RateLimited" in read_answer("GET /account/balance", {"code": "50011", "msg": "slow"}).reason
    assert "PermanentError" in read_answer("GET /account/balance", {"code": "50113", "msg": "sign"}).reason


@pytest.mark.parametrize("body", [{}, [], "pong", {"arg": {}, "event": "subscribe"}])
def test_a_frame_that_is_none_is_refused(body: Any) -> None:
    assert read_frame(body).outcome is Outcome.REFUSED


# What other clients ask the simulator for; OkxClient has no call and no rows for it.
FOR_OTHER_CLIENTS = {
    "GET /account/max-avail-size",
    "GET /account/max-size",
    "GET /account/positions-history",
    "GET /asset/currencies",
    "GET /market/history-index-candles",
    "GET /market/history-mark-price-candles",
    "GET /market/index-candles",
    "GET /market/index-tickers",
    "GET /market/mark-price-candles",
    "GET /public/open-interest",
    "GET /public/position-tiers",
    "GET /trade/account-rate-limit",
}


def test_rows_are_known_for_what_the_simulator_serves() -> None:
    served = {f"{method} {path}" for method, path in SIMULATED}
    assert served - set(ENDPOINTS) == FOR_OTHER_CLIENTS


def test_candles_of_the_table_are_those_of_the_pages() -> None:
    rows = json.loads(CANDLES.read_text("utf-8"))["response"]["data"]
    page = parse_candles("BTC-USDT", "1H", rows)
    assert page.confirmed.tolist() == [False, True]
    assert page.values[3].tolist() == [1.02, 1.0]
