from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.rest.public import Call, candles, history_candles
from okx_simulator.tape.recorded import RecordedTape
from tests.examples import examples

Get = Callable[..., Any]


@pytest.fixture(scope="module")
def gappy(tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """A recorded pair of 2000 hours with holes, and the clock 20 minutes after its last bar closed."""
    random = np.random.default_rng(3)
    stamps = pd.date_range("2024-01-01", periods=2000, freq="h", tz="UTC")
    kept = stamps[random.random(2000) > 0.1]
    prices = {"open": 100.0, "high": 104.0, "low": 98.0, "close": 101.0, "volume": 10.0}
    path = tmp_path_factory.mktemp("tape") / "tape.parquet"
    pd.DataFrame({"pair": "BTC-USDT", "timestamp_utc": kept, **prices}).to_parquet(path)
    tape = RecordedTape(Path(path))
    assert tape.end_hour is not None
    return Exchange(tape, ExchangeClock(fixed(tape.end_hour * HOUR_MS + 1_200_000)))


def opens(exchange: Exchange, **parameters: object) -> list[int]:
    asked = {"instId": "BTC-USDT", "bar": "1H", **{name: str(value) for name, value in parameters.items()}}
    return [int(row[0]) for row in history_candles(exchange, Call(asked))]


@settings(max_examples=examples(15))
@given(st.integers(-50, 2100), st.integers(-50, 2100), st.integers(1, 300), st.integers(-1, 1))
def test_paging_back_returns_each_bar_of_a_window_once(
    gappy: Exchange, one: int, other: int, limit: int, nudge: int
) -> None:
    start, end = ((gappy.tape.start_hour + hour) * HOUR_MS + nudge for hour in sorted((one, other)))
    received: list[int] = []
    cursor = end
    while page := opens(gappy, after=cursor, before=start, limit=limit):
        assert page == sorted(page, reverse=True)
        assert len(page) <= limit
        received += page
        cursor = page[-1]
    hours = gappy.tape.bars("BTC-USDT", 10**6).hours * HOUR_MS
    assert received[::-1] == hours[(hours > start) & (hours < end)].tolist()


def test_before_alone_gives_the_latest_rows(gappy: Exchange) -> None:
    start = gappy.tape.start_hour * HOUR_MS
    assert opens(gappy, before=start, limit=5) == opens(gappy, limit=5)


def test_the_default_page_has_100_rows_and_none_has_more_than_300(gappy: Exchange) -> None:
    assert len(opens(gappy)) == 100
    assert len(opens(gappy, limit=1000)) == 300


def test_candles_reach_back_1440_bars_and_history_further(gappy: Exchange) -> None:
    end = gappy.tape.end_hour or 0
    floor = (end - 1439) * HOUR_MS
    asked = {"instId": "BTC-USDT", "bar": "1H", "after": str(floor + HOUR_MS)}
    recent = candles(gappy, Call(asked))
    assert all(int(row[0]) >= floor for row in recent)
    assert len(history_candles(gappy, Call(asked))) == 100


def test_rows_have_nine_texts_and_only_the_first_is_unconfirmed(get: Get) -> None:
    answer = get("/market/candles", instId="BTC-USDT", bar="4H", limit=10)
    assert answer["code"] == "0"
    assert all(len(row) == 9 and all(isinstance(field, str) for field in row) for row in answer["data"])
    assert [row[8] for row in answer["data"]] == ["0"] + ["1"] * 9


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"bar": "1H"}, "50014"),
        ({"instId": "NONE-USDT", "bar": "1H"}, "51001"),
        ({"instId": "BTC-USDT", "bar": "7H"}, "51000"),
        ({"instId": "BTC-USDT", "bar": "1s"}, "51000"),
        ({"instId": "BTC-USDT", "bar": "1H", "limit": "0"}, "51000"),
        ({"instId": "BTC-USDT", "bar": "1H", "after": "yesterday"}, "51000"),
    ],
)
def test_bad_parameters_are_named(get: Get, parameters: dict[str, str], code: str) -> None:
    answer = get("/market/candles", **parameters)
    assert answer["code"] == code
    assert answer["data"] == []


def test_public_answers_have_okx_shapes(get: Get) -> None:
    instrument = get("/public/instruments", instType="SPOT")["data"][0]
    assert instrument["instId"] == "BTC-USDT"
    assert instrument["state"] == "live"
    assert get("/public/instruments", instType="FUTURES")["data"] == []
    tickers = get("/market/tickers", instType="SPOT")["data"]
    assert [row["instId"] for row in tickers] == ["BTC-USDT", "ETH-USDT", "ATOM-USDT"]
    assert get("/market/ticker", instId="ETH-USDT")["data"] == [tickers[1]]
    assert float(tickers[0]["bidPx"]) < float(tickers[0]["last"]) < float(tickers[0]["askPx"])
    book = get("/market/books", instId="BTC-USDT", sz=5)["data"][0]
    assert [len(book["asks"]), len(book["bids"])] == [5, 5]
    assert get("/public/time")["data"][0]["ts"] == book["ts"]


def test_a_path_okx_does_not_know(get: Get) -> None:
    assert get("/market/nothing")["error_code"] == "404"
