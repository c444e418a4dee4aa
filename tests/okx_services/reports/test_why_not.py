"""Each rejected signal counts once, under the first gate that rejects it, and every gate of a pair is shown."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_services.reports.signals import GATES, first_rejection
from okx_services.reports.why_not import UnknownPairError, by_day, by_pair, first_gates, of_pair, shares

HOURS = pd.date_range("2026-01-04 20:00", periods=8, freq="h", tz="UTC")
PAIRS = ("A-USDT", "B-USDT", "C-USDT")


def signals(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [(pair, hour) for hour in HOURS for pair in PAIRS]
    frame = pd.DataFrame(rows, columns=["pair", "timestamp_utc"])
    for gate in GATES:
        frame[gate] = np.where(rng.random(len(frame)) < 0.2, f"{gate} says no", "pass")
    return frame.assign(tradable=(frame[list(GATES)] == "pass").all(axis=1), predicted_excess_pct=0.1)


@given(st.integers(0, 500))
def test_the_lines_of_pairs_and_days_add_up_to_the_signals(seed: int) -> None:
    frame = signals(seed)
    head, days = by_day(frame)
    assert [row[0] for row in days] == ["2026-01-04", "2026-01-05"]
    assert sum(int(row[1]) for row in days) == len(frame)
    assert sum(int(cell) for row in days for cell in row[2:]) == len(frame)
    assert head[:3] == ("day", "signals", "tradable")
    lines = by_pair(frame)
    assert sorted(row[0] for row in lines) == list(PAIRS)
    assert sum(int(row[1]) for row in lines) == len(frame)


@given(st.integers(0, 500))
def test_the_first_gate_is_the_one_whose_reason_the_signals_show(seed: int) -> None:
    frame = signals(seed)
    found = [f"gate_{gate} says no" if gate else "" for gate in first_gates(frame)]
    assert found == [first_rejection(row) for row in frame.to_dict("records")]


def test_a_pair_shows_every_gate_of_its_newest_hour_and_how_often_it_rejected() -> None:
    frame = signals(1)
    frame.loc[frame["pair"] == "B-USDT", GATES[0]] = "no model"
    moment, lines = of_pair(frame, "B-USDT")
    assert moment == HOURS[-1]
    assert [row[0] for row in lines] == [gate.removeprefix("gate_") for gate in GATES]
    assert lines[0][1:] == ["no model", "8 of 8"]
    assert dict(shares(frame))["model"] >= 8


def test_a_pair_without_signals_is_refused_with_those_that_have_some() -> None:
    with pytest.raises(
        UnknownPairError, match="BTC-USDT has no signals in these hours; pairs that have: A-USDT, B-USDT"
    ):
        of_pair(signals(1), "BTC-USDT")
