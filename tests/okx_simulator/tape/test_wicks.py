"""Wicks that a walk would not have made are found and left to single trades."""

import numpy as np
import pytest

from okx_simulator.tape.bars import Bars
from okx_simulator.tape.hour_path import Context, HourPaths
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.wicks import walked, walked_share

TAPE = SyntheticTape(("BTC-USDT", "ETH-USDT"), seed=3, strength=0.0)
BARS = TAPE.bars("BTC-USDT", TAPE.start_hour + 8_000)


def widened(bars: Bars, by: float) -> Bars:
    """The bars with wicks that are longer by a factor."""
    body = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    high, low = body[0] * (bars.high / body[0]) ** by, body[1] * (bars.low / body[1]) ** by
    return Bars(bars.hours, bars.open, high, low, bars.close, bars.volume, bars.quote_volume)


def test_a_walk_made_all_of_its_own_wicks() -> None:
    assert walked_share(BARS) > 0.95


@pytest.mark.parametrize("by", [1.1, 1.25, 1.6])
def test_wicks_longer_than_a_walks_are_shortened_to_a_walks(by: float) -> None:
    assert walked_share(widened(BARS, by)) * by == pytest.approx(walked_share(BARS), abs=0.03)


def test_few_bars_and_bars_that_do_not_move_say_nothing() -> None:
    assert walked_share(BARS[:100]) == 1.0
    flat = Bars(BARS.hours, *(np.full(len(BARS), 5.0) for _ in range(6)))
    assert walked_share(flat) == 1.0
    assert walked_share(widened(BARS, 0.0)) == 1.0


def test_only_a_wick_is_shortened() -> None:
    assert walked(100.0, 110.0, 104.0, 0.5) == pytest.approx(107.0)
    assert walked(100.0, 90.0, 104.0, 0.5) == pytest.approx(95.0)
    assert walked(100.0, 104.0, 104.0, 0.5) == 104.0


def test_the_rest_of_the_wick_is_one_trade() -> None:
    bar = Bars(np.array([420_000]), *(np.array([side]) for side in (100.0, 108.0, 94.0, 102.0, 1.0, 1.0)))
    prices = HourPaths(1, 0.5).of("A-USDT", bar, 0.01, Context(0.05, 1.0), 0.5).prices
    assert (prices.max(), prices.min()) == (108.0, 94.0)
    assert (prices > 105.0).sum() == 1
    assert (prices < 97.0).sum() == 1
