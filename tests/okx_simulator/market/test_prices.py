from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_core.market.book_model import book_model, fill_offset_bps, range_bps
from okx_simulator.market.matching import average_price, base_of, quote_of, take_quote
from okx_simulator.market.prices import PriceFeed
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.tape.bar_sizes import BAR_SIZES
from okx_simulator.tape.bars import Bars
from okx_simulator.tape.hour_path import forming_bar
from okx_simulator.tape.recorded import RecordedTape
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_paths import EPOCH_HOUR
from okx_simulator.tape.tape_paths import TapePaths
from tests.examples import examples

TAPE = SyntheticTape(("BTC-USDT", "ATOM-USDT"))
PATHS = TapePaths(TAPE)
FAR_MS = 1 << 52


def market_at(now_ms: int) -> PriceFeed:
    return PriceFeed(TAPE, ExchangeClock(fixed(now_ms)))


def formed(pair: str, bar: Bars, now_ms: int) -> Bars:
    return forming_bar(bar, PATHS.of(pair, bar), now_ms)


moments = st.integers(EPOCH_HOUR * HOUR_MS, (EPOCH_HOUR + 20_000) * HOUR_MS)


@settings(max_examples=examples(12))
@given(moments, st.sampled_from(["1H", "4H", "1Dutc", "1D"]))
def test_nothing_the_clock_has_not_reached_is_served(now_ms: int, bar: str) -> None:
    """A tape that ends now, and one that goes on, must look the same."""
    hour = now_ms // HOUR_MS
    rows, forming = market_at(now_ms).candles("BTC-USDT", BAR_SIZES[bar], FAR_MS, -1, 300)
    assert int(rows.hours[-1]) == forming
    assert int(rows.hours[-1]) <= hour
    complete = TAPE.bars("BTC-USDT", hour + 1)
    seen_high = np.r_[complete.high[:-1], formed("BTC-USDT", complete[len(complete) - 1 :], now_ms).high]
    in_last = complete.hours >= forming
    assert rows.high[-1] == seen_high[in_last].max()


@settings(max_examples=examples(12))
@given(moments, st.floats(0, 1), st.floats(0, 1))
def test_a_forming_bar_only_grows_and_ends_as_the_closed_one(now_ms: int, one: float, other: float) -> None:
    bars = TAPE.bars("ATOM-USDT", now_ms // HOUR_MS + 1)
    last = bars[len(bars) - 1 :]
    opened = int(last.hours[0]) * HOUR_MS
    early, late = (formed("ATOM-USDT", last, opened + int(HOUR_MS * part)) for part in sorted((one, other)))
    assert early.high[0] <= late.high[0] <= last.high[0]
    assert early.low[0] >= late.low[0] >= last.low[0]
    assert early.volume[0] <= late.volume[0]
    full = formed("ATOM-USDT", last, opened + HOUR_MS)
    assert [full.high[0], full.low[0], full.close[0]] == [last.high[0], last.low[0], last.close[0]]


def test_at_the_full_hour_the_mid_is_the_close_before() -> None:
    bars = TAPE.bars("BTC-USDT", EPOCH_HOUR + 100)
    market = market_at((EPOCH_HOUR + 100) * HOUR_MS)
    assert market.mid("BTC-USDT") == pytest.approx(float(bars.close[-1]), rel=1e-3)


def test_at_and_after_the_end_of_the_tape_the_mid_is_the_last_close(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "pair": "BTC-USDT",
            "timestamp_utc": pd.date_range("2024-01-01", periods=30, freq="h", tz="UTC"),
            "open": 100.0,
            "high": 104.0,
            "low": 98.0,
            "close": np.linspace(99.0, 103.0, 30),
            "volume": 10.0,
        }
    )
    path = tmp_path / "tape.parquet"
    frame.to_parquet(path)
    tape = RecordedTape(path)
    assert tape.end_hour is not None
    for beyond in (0, 5):
        market = PriceFeed(tape, ExchangeClock(fixed((tape.end_hour + beyond) * HOUR_MS)))
        assert market.mid("BTC-USDT") == 103.0
        rows, forming = market.candles("BTC-USDT", BAR_SIZES["1H"], FAR_MS, -1, 300)
        assert len(rows) == 30
        assert forming > rows.hours[-1]
        assert market.quote("BTC-USDT").last == 103.0


def test_a_pair_that_ended_long_before_the_tape_is_delisted(tmp_path: Path) -> None:
    stamps = pd.date_range("2024-01-01", periods=200, freq="h", tz="UTC")
    prices = {"open": 100.0, "high": 104.0, "low": 98.0, "close": 101.0, "volume": 10.0}
    frames = [
        pd.DataFrame({"pair": "NEW-USDT", "timestamp_utc": stamps[50:], **prices}),
        pd.DataFrame({"pair": "OLD-USDT", "timestamp_utc": stamps[:50], **prices}),
    ]
    path = tmp_path / "tape.parquet"
    pd.concat(frames).to_parquet(path)
    tape = RecordedTape(path)
    listed = {}
    for hours in (10, 60, 200, 5000):
        clock = ExchangeClock(fixed((tape.start_hour + hours) * HOUR_MS))
        listed[hours] = PriceFeed(tape, clock).listed()
    assert listed == {
        10: ["OLD-USDT"],
        60: ["NEW-USDT", "OLD-USDT"],
        200: ["NEW-USDT"],
        5000: ["NEW-USDT"],
    }


@settings(max_examples=examples(15))
@given(moments, st.sampled_from(TAPE.pairs), st.floats(10.0, 300_000.0))
def test_the_ladder_costs_what_the_core_says(now_ms: int, pair: str, notional: float) -> None:
    market = market_at(now_ms + 24 * HOUR_MS)
    book, mid = market.book(pair), market.mid(pair)
    instrument = market.listing(pair)
    amount = Decimal(str(min(notional, book.depth_quote * 200)))
    matches = take_quote(market.levels(pair, "ask", 400), amount, instrument.lot)
    average = average_price(matches)
    if average is None:
        assert amount < instrument.min_size * Decimal(str(mid)) * 2
        return
    paid_bps = (float(average) / mid - 1.0) * 1e4
    expected = fill_offset_bps(float(quote_of(matches)), book.spread_bps, book.depth_quote)
    tick_bps = float(instrument.tick) / mid * 1e4
    assert paid_bps == pytest.approx(expected, abs=tick_bps + 0.02 * expected + 0.02)
    assert base_of(matches) > 0


def test_levels_stand_on_the_grid_best_first_and_apart() -> None:
    market = market_at((EPOCH_HOUR + 5000) * HOUR_MS)
    assert TAPE.pairs
    for pair in TAPE.pairs:
        instrument = market.listing(pair)
        asks, bids = (market.levels(pair, side, 400) for side in ("ask", "bid"))
        assert [price for price, _ in asks] == sorted({price for price, _ in asks})
        assert [price for price, _ in bids] == sorted({price for price, _ in bids}, reverse=True)
        assert bids[0][0] < asks[0][0]
        for price, size in asks + bids:
            assert price % instrument.tick == 0
            assert size % instrument.lot == 0


def test_the_book_thins_while_the_hour_ranges_and_knows_nothing_of_what_is_to_come() -> None:
    bars = TAPE.bars("BTC-USDT", EPOCH_HOUR + 5_000)
    widest = int(np.argmax(bars.high[100:] / bars.low[100:])) + 100
    opened = int(bars.hours[widest]) * HOUR_MS
    depths = [market_at(opened + minute * 60_000).book("BTC-USDT").depth_quote for minute in range(60)]
    assert depths == sorted(depths, reverse=True)
    assert depths[-1] < depths[0] / 2
    before = range_bps(bars.high[widest - 1 : widest], bars.low[widest - 1 : widest])[0]
    at_open = market_at(opened).book("BTC-USDT")
    turnover = float(bars.quote_volume[widest - 24 : widest].sum())
    assert at_open == book_model(turnover, float(before))
