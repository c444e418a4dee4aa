"""Short bars over the WebSocket: every closing bar once, however far the clock jumps."""

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.clock import fixed, iso_to_ms
from okx_simulator.tape.minute_bars import MINUTE_MS
from okx_simulator.websocket.feeds import Tick
from okx_simulator.websocket.minute_candle_feed import MinuteCandleFeed

NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")


def rows(feed: MinuteCandleFeed, now_ms: int, wall: float) -> list[list[str]]:
    return [row for push in feed.due(Tick(now_ms, wall)) for row in push["data"]]


def test_a_jump_of_two_days_pushes_every_bar_that_closed_once_and_in_order(exchange: Exchange) -> None:
    feed = MinuteCandleFeed(exchange, "BTC-USDT", "5m", 5)
    assert [row[8] for row in rows(feed, NOW_MS, 0.0)] == ["0"]
    later = NOW_MS + 48 * 60 * MINUTE_MS
    exchange.clock.set(fixed(later))
    pushed = rows(feed, later, 5.0)
    opens = [int(row[0]) for row in pushed]
    assert opens == list(range(NOW_MS, later + 1, 5 * MINUTE_MS))
    assert [row[8] for row in pushed] == ["1"] * (len(pushed) - 1) + ["0"]
    assert rows(feed, later, 6.5) == []


def test_a_clock_that_is_set_back_pushes_nothing_twice(exchange: Exchange) -> None:
    feed = MinuteCandleFeed(exchange, "BTC-USDT", "15m", 15)
    earlier = NOW_MS - 60 * MINUTE_MS
    exchange.clock.set(fixed(earlier))
    assert [row[8] for row in rows(feed, earlier, 0.0)] == ["0"]
