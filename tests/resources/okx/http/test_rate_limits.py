"""Requests leave at OKX's pace: per endpoint and key, batches by their orders, nothing saved up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.payloads.readings import ENDPOINTS
from okx_simulator.protocol.rate_limits import LIMITS as SERVED
from resources.okx.http.rate_limits import LIMITS, MARGIN, Limit, Pacer


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def pacer(time: Time) -> Pacer:
    return Pacer(now_seconds=time.now, sleep=time.sleep)


def most_in_a_window(left: list[tuple[float, int]], limit: Limit) -> int:
    return max(
        sum(count for moment, count in left if start <= moment < start + limit.window_seconds)
        for start, _ in left
    )


@pytest.mark.parametrize("endpoint", ["GET /market/history-candles", "GET /system/status"])
def test_no_window_ever_holds_more_than_the_limit(time: Time, pacer: Pacer, endpoint: str) -> None:
    left = []
    for _ in range(200):
        pacer.wait(endpoint)
        left.append((time.seconds, 1))
    assert most_in_a_window(left, LIMITS[endpoint]) <= LIMITS[endpoint].count


@given(
    st.lists(st.integers(1, 10), min_size=1, max_size=40), st.lists(st.floats(0, 3), min_size=40, max_size=40)
)
def test_batches_of_any_size_keep_to_the_limit_of_orders(sizes: list[int], idle: list[float]) -> None:
    time, left, endpoint = Time(), [], "POST /trade/cancel-algos"
    pacer = Pacer(now_seconds=time.now, sleep=time.sleep)
    for size, pause in zip(sizes, idle, strict=False):
        time.seconds += pause
        pacer.wait(endpoint, [{"instId": "BTC-USDT"}] * size)
        left.append((time.seconds, size))
    assert most_in_a_window(left, LIMITS[endpoint]) <= LIMITS[endpoint].count


def test_a_batch_waits_for_the_slowest_of_its_instruments(time: Time, pacer: Pacer) -> None:
    pacer.wait("POST /trade/batch-orders", [{"instId": "BTC-USDT"}] * 20)
    pacer.wait("POST /trade/batch-orders", [{"instId": "ETH-USDT"}] * 2)
    between = time.seconds
    assert between == pytest.approx(20 * 2 / 1000 * MARGIN), "only the orders of the account are counted"
    pacer.wait("POST /trade/batch-orders", [{"instId": "BTC-USDT"}, {"instId": "ETH-USDT"}])
    assert time.seconds == pytest.approx(20 * 2 / 300 * MARGIN)


def test_a_batch_of_one_counts_as_a_single_order(time: Time, pacer: Pacer) -> None:
    pacer.wait("POST /trade/batch-orders", [{"instId": "BTC-USDT"}])
    pacer.wait("POST /trade/order", [{"instId": "BTC-USDT"}])
    assert time.slept == [pytest.approx(2 / 60 * MARGIN)]


def test_instruments_do_not_wait_for_each_other(time: Time, pacer: Pacer) -> None:
    for pair in ("BTC-USDT", "ETH-USDT", "SOL-USDT"):
        pacer.wait("POST /trade/cancel-order", [{"instId": pair}])
    assert time.slept == []


def test_orders_do_not_wait_for_data(time: Time, pacer: Pacer) -> None:
    for endpoint in LIMITS:
        if endpoint.startswith("GET"):
            pacer.wait(endpoint)
    pacer.wait("POST /trade/order", [{"instId": "BTC-USDT"}])
    assert time.slept == []


def test_a_pause_does_not_save_up_requests(time: Time, pacer: Pacer) -> None:
    pacer.wait("GET /account/config")
    time.seconds += 100.0
    pacer.wait("GET /account/config")
    pacer.wait("GET /account/config")
    assert len(time.slept) == 1


def test_switched_off_nothing_waits(time: Time) -> None:
    pacer = Pacer(enabled=False, now_seconds=time.now, sleep=time.sleep)
    for _ in range(100):
        pacer.wait("GET /public/time")
    assert time.slept == []


def test_every_endpoint_in_use_has_its_limit_and_it_is_the_one_that_is_served() -> None:
    assert set(ENDPOINTS) - set(LIMITS) == {"GET /account/bills-archive"}
    served = {f"{method} {path.removeprefix('/api/v5')}": limit for (method, path), limit in SERVED.items()}
    for endpoint in set(LIMITS) & set(served):
        per_second = LIMITS[endpoint].count / LIMITS[endpoint].window_seconds
        assert per_second == served[endpoint].count / 2.0, endpoint
        assert LIMITS[endpoint].scope == served[endpoint].scope, endpoint
