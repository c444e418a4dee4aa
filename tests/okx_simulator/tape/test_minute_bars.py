"""Bars shorter than an hour: together they are the hour, and nothing of the future shows."""

import numpy as np
import pytest

from okx_simulator.protocol.clock import HOUR_MS, iso_to_ms
from okx_simulator.tape.minute_bars import MINUTE_MS, MINUTE_SIZES, cut
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.tape_paths import TapePaths

NOW_MS = iso_to_ms("2023-06-01T12:20:00Z", "test")


@pytest.mark.parametrize("minutes", MINUTE_SIZES.values())
def test_the_bars_of_an_hour_make_up_the_hour(tape: SyntheticTape, minutes: int) -> None:
    hourly = tape.bars("BTC-USDT", NOW_MS // HOUR_MS)[-200:]
    bars = cut(TapePaths(tape).each("BTC-USDT", hourly), minutes, NOW_MS)
    opened, high, low, close, volume, turnover = bars.values.reshape(6, 200, -1)
    assert opened[:, 0] == pytest.approx(hourly.open, rel=1e-12)
    assert high.max(axis=1) == pytest.approx(hourly.high, rel=1e-12)
    assert low.min(axis=1) == pytest.approx(hourly.low, rel=1e-12)
    assert close[:, -1] == pytest.approx(hourly.close, rel=1e-12)
    assert volume.sum(axis=1) == pytest.approx(hourly.volume, abs=1e-6)
    assert (low <= np.minimum(opened, close)).all()
    assert (high >= np.maximum(opened, close)).all()
    traded = volume > 0
    average = turnover[traded] / volume[traded]
    assert (average > low[traded] * 0.999).all()
    assert (average < high[traded] * 1.001).all()


def test_the_forming_bar_knows_nothing_of_its_future(tape: SyntheticTape) -> None:
    hourly = tape.bars("BTC-USDT", NOW_MS // HOUR_MS + 1)[-1:]
    with_path = list(TapePaths(tape).each("BTC-USDT", hourly))
    for minute in range(60):
        now_ms = int(hourly.hours[0]) * HOUR_MS + minute * MINUTE_MS
        so_far, later = cut(with_path, 15, now_ms), cut(with_path, 15, now_ms + 59_000)
        assert so_far.open_ms.max() <= now_ms
        closed = so_far.open_ms + 15 * MINUTE_MS <= now_ms
        np.testing.assert_array_equal(
            so_far.values[:, closed], later.values[:, : len(so_far.open_ms)][:, closed]
        )
        assert so_far.values[4].sum() <= later.values[4].sum()


def test_pages_of_short_bars_join_without_a_seam(get) -> None:
    first = get("/market/candles", instId="BTC-USDT", bar="15m", limit=300)["data"]
    assert [row[8] for row in first[:2]] == ["0", "1"]
    second = get("/market/history-candles", instId="BTC-USDT", bar="15m", limit=300, after=first[-1][0])[
        "data"
    ]
    opens = [int(row[0]) for row in [*first, *second]]
    assert len(opens) == 600
    assert set(np.diff(opens).tolist()) == {-15 * MINUTE_MS}
    window = get("/market/history-candles", instId="BTC-USDT", bar="15m", after=opens[10], before=opens[20])[
        "data"
    ]
    assert [int(row[0]) for row in window] == opens[11:20]


def test_the_newest_endpoint_keeps_1440_short_bars(get) -> None:
    oldest, asked = None, 0
    while True:
        page = get(
            "/market/candles", instId="BTC-USDT", bar="1m", limit=300, **({"after": oldest} if oldest else {})
        )
        if not page["data"]:
            break
        asked += len(page["data"])
        oldest = page["data"][-1][0]
    assert asked == 1440


def test_bars_of_every_size_are_of_one_path(tape: SyntheticTape) -> None:
    hourly = tape.bars("ETH-USDT", NOW_MS // HOUR_MS)[-100:]
    with_paths = list(TapePaths(tape).each("ETH-USDT", hourly))
    minutes = cut(with_paths, 1, NOW_MS).values
    for size in (3, 5, 15, 30):
        parts = minutes.reshape(6, -1, size)
        larger = cut(with_paths, size, NOW_MS).values
        np.testing.assert_array_equal(larger[0], parts[0, :, 0])
        np.testing.assert_array_equal(larger[1], parts[1].max(axis=1))
        np.testing.assert_array_equal(larger[2], parts[2].min(axis=1))
        np.testing.assert_array_equal(larger[3], parts[3, :, -1])
        np.testing.assert_allclose(larger[4:], parts[4:].sum(axis=2), rtol=1e-9, atol=1e-6)


def test_prices_inside_an_hour_lie_on_the_tick(get, exchange) -> None:
    tick = float(exchange.market.listing("BTC-USDT").tick)
    rows = get("/market/candles", instId="BTC-USDT", bar="1m", limit=120)["data"]
    prices = np.array([row[1:5] for row in rows], float)
    np.testing.assert_allclose(prices / tick, np.round(prices / tick), atol=1e-6)
