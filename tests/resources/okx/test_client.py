import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from okx_core.candles.rules import check_candles
from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import ExchangeClock, fixed
from okx_simulator.protocol.credentials import SIMULATED_KEY, SIMULATED_PASSPHRASE, SIMULATED_SECRET
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.okx.client import OkxClient
from resources.okx.errors import OrderRejected, ParsingError
from resources.okx.http.signing import Credentials
from tests.examples import examples

NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
PAIRS = ("BTC-USDT", "ETH-USDT", "ATOM-USDT")
HOUR = timedelta(hours=1)


class Faulty(Protocol):
    seen: list[str]


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    clock = ExchangeClock(fixed(int(NOW.timestamp() * 1000)))
    built = Exchange(SyntheticTape(PAIRS), clock, rate_limits=False)
    yield built
    built.close()


@pytest.fixture(scope="module")
def okx(exchange: Exchange) -> Iterator[OkxClient]:
    credentials = Credentials(SIMULATED_KEY, SIMULATED_SECRET, SIMULATED_PASSPHRASE)
    with serve_in_thread(exchange) as served:
        client = OkxClient(served.base_url, credentials, rate_limits=False)
        yield client
        client.close()


hours_ago = st.integers(-30, 5_000)


@settings(max_examples=examples(6), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hours_ago, hours_ago, st.integers(0, 59))
def test_every_confirmed_bar_of_a_window_comes_exactly_once(
    okx: OkxClient, one: int, other: int, minute: int
) -> None:
    start, end = (NOW.replace(minute=minute) - hours * HOUR for hours in sorted((one, other), reverse=True))
    frame = okx.candles("BTC-USDT", "1H", start, end)
    last = min(end, NOW.replace(minute=0))
    expected = pd.date_range(pd.Timestamp(start).ceil("h"), last, freq="h", inclusive="left", unit="ms")
    assert frame["timestamp_utc"].tolist() == expected.tolist()
    assert check_candles(frame)[1].empty


@pytest.mark.parametrize(("bar", "rule"), [("4H", "4h"), ("1Dutc", "1D")])
def test_larger_bars_are_only_given_when_complete(okx: OkxClient, bar: str, rule: str) -> None:
    frame = okx.candles("ETH-USDT", bar, NOW - timedelta(days=400), NOW + timedelta(days=1))
    expected = pd.date_range(
        pd.Timestamp(NOW - timedelta(days=400)).ceil(rule), pd.Timestamp(NOW).floor(rule), freq=rule,
        inclusive="left",
    )  # fmt: skip
    assert frame["timestamp_utc"].tolist() == expected.tolist()


def test_prices_arrive_as_the_tape_has_them(okx: OkxClient, exchange: Exchange) -> None:
    frame = okx.candles("ATOM-USDT", "1H", NOW - 5_000 * HOUR, NOW)
    hour = int(NOW.timestamp()) // 3600
    bars = exchange.tape.bars("ATOM-USDT", hour).between(hour - 5_000 + 1, hour)
    found = [frame[column].to_numpy().tobytes() for column in frame.columns[2:]]
    assert found == [values.tobytes() for values in bars.values()]


def test_a_pool_of_threads_loads_all_pairs(okx: OkxClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        frames = list(pool.map(lambda pair: okx.candles(pair, "1H", NOW - 700 * HOUR, NOW), PAIRS * 3))
    assert [len(frame) for frame in frames] == [700 - 1] * 9


def test_times_without_a_zone_are_refused(okx: OkxClient) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        okx.candles("BTC-USDT", "1H", datetime(2023, 1, 1), NOW)


def test_market_reads(okx: OkxClient) -> None:
    assert okx.server_time() == NOW
    assert abs(okx.now() - NOW) < timedelta(minutes=1)
    assert [item.inst_id for item in okx.instruments()] == list(PAIRS)
    assert [item.inst_id for item in okx.instruments("SWAP")] == [f"{pair}-SWAP" for pair in PAIRS]
    spreads = {ticker.inst_id: ticker.spread_bps for ticker in okx.tickers()}
    assert all(spread is not None and spread > 0 for spread in spreads.values())
    book = okx.order_book("BTC-USDT", 3)
    assert [len(book.asks), len(book.bids)] == [3, 3]
    assert okx.trade_fee().taker == Decimal("0.001")
    assert okx.account_config().account_level == "1"


def test_public_trades_of_a_stretch_come_whole_and_once(okx: OkxClient) -> None:
    start, end = NOW - 3 * HOUR, NOW - HOUR
    trades = okx.history_trades("BTC-USDT", start, end)
    assert len(trades) > 100, "more than a page"
    assert len({trade.trade_id for trade in trades}) == len(trades)
    assert all(start <= trade.traded_at < end for trade in trades)
    halves = [okx.history_trades("BTC-USDT", *half) for half in ((start + HOUR, end), (start, start + HOUR))]
    assert [trade.trade_id for half in halves for trade in half] == [trade.trade_id for trade in trades]
    assert okx.history_trades("BTC-USDT", start, start) == []


def test_an_order_is_placed_looked_up_and_accounted_for(okx: OkxClient) -> None:
    before = okx.balance().available("USDT")
    ack = okx.place_market_order("ATOM-USDT", "buy", Decimal("250"), "order1", okx.now() + HOUR)
    record = okx.order("ATOM-USDT", "order1")
    assert record is not None
    assert (record.order_id, record.state, record.filled_size) == (ack.order_id, "filled", Decimal(250))
    fills = okx.fills("ATOM-USDT", ack.order_id)
    assert sum(fill.size for fill in fills) == 250
    spent = sum(fill.size * fill.price for fill in fills)
    after = okx.balance()
    assert after.available("USDT") == before - spent
    assert after.available("ATOM") == Decimal("249.75")


def test_an_unknown_order_is_none(okx: OkxClient) -> None:
    assert okx.order("ATOM-USDT", "never") is None


def test_a_late_order_is_dropped(okx: OkxClient) -> None:
    with pytest.raises(OrderRejected) as rejected:
        okx.place_market_order("ATOM-USDT", "buy", Decimal("1"), "late", NOW - HOUR)
    assert rejected.value.s_code == "50036"
    assert okx.order("ATOM-USDT", "late") is None


def test_small_sizes_are_never_sent_with_an_exponent(okx: OkxClient) -> None:
    ack = okx.place_market_order("BTC-USDT", "buy", Decimal("1E-3"), "small")
    assert ack.order_id


def test_all_pages_of_fills_are_read(okx: OkxClient) -> None:
    for number in range(105):
        okx.place_market_order("ETH-USDT", "buy", Decimal("0.1"), f"fill{number}")
    fills = okx.fills("ETH-USDT")
    assert len(fills) == len({fill.trade_id for fill in fills}) >= 105


def test_the_clock_of_the_exchange_may_jump(okx: OkxClient, exchange: Exchange) -> None:
    okx.server_time()
    exchange.clock.set(fixed(int((NOW + HOUR).timestamp() * 1000)))
    assert okx.balance().as_of == NOW + HOUR
    exchange.clock.set(fixed(int(NOW.timestamp() * 1000)))
    assert okx.server_time() == NOW


def test_rows_outside_the_asked_window_stop_the_paging(
    client: OkxClient, answering: Callable[..., None]
) -> None:
    stray = ["0", "1", "1", "1", "1", "1", "1", "1", "1"]
    answering((200, json.dumps({"code": "0", "data": [stray]}).encode()))
    with pytest.raises(ParsingError, match="BTC-USDT: rows outside"):
        client.candles("BTC-USDT", "1H", datetime(2023, 11, 1, tzinfo=UTC), datetime(2023, 11, 2, tzinfo=UTC))


def test_one_hour_is_one_request(client: OkxClient, answering: Callable[..., None], faulty: Faulty) -> None:
    hour = 1_699_999_200 - 3600
    answering((200, json.dumps({"code": "0", "data": [[f"{hour}000", *["1"] * 8]]}).encode()))
    start = datetime.fromtimestamp(hour - 600, UTC)
    assert len(client.candles("BTC-USDT", "1H", start, start + HOUR)) == 1
    assert len(faulty.seen) == 1
    assert "/market/candles?" in faulty.seen[0]


def test_a_page_shorter_than_asked_is_paged_on(
    client: OkxClient, answering: Callable[..., None], faulty: Faulty
) -> None:
    """The exchange may cap pages at 100 rows whatever limit says."""
    base = 1_699_000_000 // 3600 * 3_600_000

    def page(first: int, count: int) -> tuple[int, bytes]:
        rows = [[str(base + (first - back) * 3_600_000), *["1"] * 8] for back in range(count)]
        return 200, json.dumps({"code": "0", "data": rows}).encode()

    answering(page(249, 100), page(149, 100), page(49, 50))
    start = datetime.fromtimestamp(base / 1000, UTC)
    frame = client.candles("BTC-USDT", "1H", start, start + 250 * HOUR)
    assert len(frame) == 250
    assert len(faulty.seen) == 3
