import pytest

from okx_simulator.protocol.errors import ApiError
from okx_simulator.protocol.rate_limits import LIMITS, WINDOW_SECONDS, RateLimiter

CANDLES = ("GET", "/api/v5/market/candles")
ORDER = ("POST", "/api/v5/trade/order")


class Ticks:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def admitted(limiter: RateLimiter, endpoint: tuple[str, str], times: int, **parameters: str) -> int:
    refused: list[str] = []
    for _ in range(times):
        try:
            limiter.admit(*endpoint, "someone", [parameters])
        except ApiError as error:
            refused.append(error.code)
    assert set(refused) <= {"50011"}
    return times - len(refused)


def test_a_window_admits_what_okx_documents_and_no_more() -> None:
    ticks = Ticks()
    limiter = RateLimiter(now_seconds=ticks)
    assert admitted(limiter, CANDLES, 100) == 40
    ticks.seconds = WINDOW_SECONDS
    assert admitted(limiter, CANDLES, 100) == 40


def test_orders_are_counted_per_instrument() -> None:
    limiter = RateLimiter(now_seconds=Ticks())
    assert admitted(limiter, ORDER, 100, instId="BTC-USDT") == 60
    assert admitted(limiter, ORDER, 100, instId="ETH-USDT") == 60


def test_switched_off_it_admits_everything() -> None:
    assert admitted(RateLimiter(enabled=False), CANDLES, 500) == 500


@pytest.mark.parametrize(("endpoint", "count"), [("/api/v5/public/time", 10), ("/api/v5/account/config", 5)])
def test_counts_are_okx_ones(endpoint: str, count: int) -> None:
    assert LIMITS["GET", endpoint].count == count


def test_a_batch_counts_each_order_and_a_batch_of_one_as_a_single_order() -> None:
    limiter = RateLimiter(now_seconds=Ticks())
    batch = ("POST", "/api/v5/trade/batch-orders")
    rows = [{"instId": "BTC-USDT"}] * 20
    for _ in range(15):
        limiter.admit(*batch, "someone", rows)
    with pytest.raises(ApiError, match="50011"):
        limiter.admit(*batch, "someone", rows[:2])
    limiter.admit(*batch, "someone", [{"instId": "ETH-USDT"}] * 20)
    assert admitted(limiter, batch, 40, instId="BTC-USDT") == 40
    assert admitted(limiter, ORDER, 40, instId="BTC-USDT") == 20
