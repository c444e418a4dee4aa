from resources.okx.rate_limits import LIMITS, WINDOW_SECONDS, Pacer


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


def test_no_window_ever_holds_more_than_the_limit() -> None:
    time = Time()
    pacer = Pacer(now_seconds=time.now, sleep=time.sleep)
    left = []
    for _ in range(200):
        pacer.wait("GET /market/history-candles")
        left.append(time.seconds)
    for start in left:
        inside = [moment for moment in left if start <= moment < start + WINDOW_SECONDS]
        assert len(inside) <= LIMITS["GET /market/history-candles"]


def test_instruments_do_not_wait_for_each_other() -> None:
    time = Time()
    pacer = Pacer(now_seconds=time.now, sleep=time.sleep)
    for pair in ("BTC-USDT", "ETH-USDT", "SOL-USDT"):
        pacer.wait("POST /trade/order", pair)
    assert time.slept == []


def test_a_pause_does_not_save_up_requests() -> None:
    time = Time()
    pacer = Pacer(now_seconds=time.now, sleep=time.sleep)
    pacer.wait("GET /account/config")
    time.seconds += 100.0
    pacer.wait("GET /account/config")
    pacer.wait("GET /account/config")
    assert len(time.slept) == 1


def test_switched_off_nothing_waits() -> None:
    time = Time()
    pacer = Pacer(enabled=False, now_seconds=time.now, sleep=time.sleep)
    for _ in range(100):
        pacer.wait("GET /public/time")
    assert time.slept == []
