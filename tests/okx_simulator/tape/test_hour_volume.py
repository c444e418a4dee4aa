"""The volume inside an hour: its first minutes say little of the hour's, and all of it is traded by the end."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from okx_simulator.tape.bars import Floats, Tape
from okx_simulator.tape.hour_path import SLOTS, paced
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.tape_paths import TapePaths

MINUTE = SLOTS // 60


def explained_volume(tape: Tape, pair: str, hours: int) -> Floats:
    """The share [4] of the variance of the hour's log volume, of what the hours before leave unknown, that the
    volume of its first 1, 5, 15 and 30 minutes explains."""
    bars = tape.bars(pair, tape.end_hour or tape.start_hour + 10_000)[-hours:]
    shares = np.array([path.traded for _, path in TapePaths(tape).each(pair, bars)])
    volume = bars.volume
    day = np.convolve(volume, np.ones(24) / 24, "valid")[:-1]
    past = np.column_stack([np.ones(len(day)), np.log(day), np.log(volume[23:-1])])
    known = (shares * volume[:, None])[24:, [minutes * MINUTE - 1 for minutes in (1, 5, 15, 30)]]

    def left(given: Floats) -> float:
        fit, *_ = np.linalg.lstsq(given, np.log(volume[24:]))
        return float(np.var(np.log(volume[24:]) - given @ fit))

    return np.array([1.0 - left(np.column_stack([past, np.log(early)])) / left(past) for early in known.T])


def test_the_first_minutes_tell_as_little_of_the_hours_volume_as_real_ones() -> None:
    """Of the recorded five-minute candles of BTC and ETH swaps they tell .19 after 5 minutes, .40 after 15, .65."""
    tape = SyntheticTape(seed=31)
    explained = np.mean([explained_volume(tape, pair, 1_500) for pair in tape.pairs[:3]], axis=0)
    assert (explained <= [0.1, 0.19, 0.40, 0.65]).all()
    assert explained[3] > 0.2


@given(
    busier=st.floats(1e-6, 1e6) | st.just(math.nan),
    drawn=st.floats(0.0, 1.0, exclude_max=True),
    slots=st.integers(1, 50),
)
def test_the_whole_volume_is_traded_by_the_end_and_none_is_taken_back(
    busier: float, drawn: float, slots: int
) -> None:
    traded = paced(np.arange(1, slots + 1) / slots, busier, drawn)
    assert traded[-1] == 1.0
    assert (np.diff(traded, prepend=0.0) >= 0).all()
