"""Hours to the next funding: from the payments known at each close, against a plain-Python reference."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okx_core.features.candle_set import CandleSet
from okx_core.features.registry import FEATURES
from okx_core.features.timeframes import hour_number
from okx_core.validation import inputs, look_ahead, staggered
from tests.okx_core.features.conftest import synthetic_candles

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2024, 5, 30, tzinfo=UTC)
END = START + 6 * DAY
PAIR = "A-USDT"
FEATURE = [feature for feature in FEATURES if feature.name == "hours_to_funding"]


def reference(close: datetime, payments: list[datetime]) -> float:
    """The definition, in the words of the glossary and without any array."""
    known = sorted({paid for paid in payments if close - 3 * DAY < paid <= close})
    if not known:
        since_midnight = (close - close.replace(hour=0)) / HOUR
        return 8 - since_midnight % 8
    interval = known[-1] - known[-2] if len(known) > 1 else 8 * HOUR
    interval = min(interval, 8 * HOUR)
    return (interval - (close - known[-1]) % interval) / HOUR


def every(hours: float, first: datetime, end: datetime) -> list[datetime]:
    return [first + n * hours * HOUR for n in range(int((end - first) / (hours * HOUR)))]


def frame_of(payments: dict[str, list[datetime]]) -> pd.DataFrame:
    rows = [(pair, paid) for pair, times in payments.items() for paid in times]
    frame = pd.DataFrame(rows, columns=["pair", "timestamp_utc"])
    return frame.astype({"timestamp_utc": "datetime64[us, UTC]"})


def candles_of(pairs=(PAIR,), start=START, end=END) -> CandleSet:
    return CandleSet.of_hourly(synthetic_candles(pairs, start, end))


def values(candles: CandleSet, start=START, end=END) -> dict[str, list[float]]:
    rows = candles.features(start, end, FEATURE)
    return {str(pair): part["hours_to_funding"].tolist() for pair, part in rows.groupby("pair")}


def closes(start=START, end=END) -> list[datetime]:
    return [start + (n + 1) * HOUR for n in range((end - start) // HOUR)]


CASES = {
    "every 8 h": every(8, START - 3 * DAY, END),
    "every 4 h": every(4, START - 3 * DAY, END),
    "every 2 h": every(2, START - 3 * DAY, END),
    "every hour": every(1, START - 3 * DAY, END),
    "8 h, then 4 h": [*every(8, START - 3 * DAY, START + 2 * DAY), *every(4, START + 2 * DAY, END)],
    "4 h, then 8 h": [*every(4, START - 3 * DAY, START + 2 * DAY), *every(8, START + 2 * DAY, END)],
    "1 h, then 8 h": [*every(1, START - 3 * DAY, START + 2 * DAY), *every(8, START + 2 * DAY, END)],
    "off the usual grid": every(8, START - 3 * DAY + 3 * HOUR, END),
    "one payment": [START + 5 * HOUR],
    "payments missing": [paid for n, paid in enumerate(every(4, START, END)) if n % 5],
    "a week without": [*every(4, START - 3 * DAY, START + 4 * HOUR), END - HOUR],
    "none": [],
}


@pytest.mark.parametrize("payments", CASES.values(), ids=CASES)
def test_the_value_is_that_of_the_definition(payments) -> None:
    found = values(replace(candles_of(), funding=frame_of({PAIR: payments})))[PAIR]
    assert found == pytest.approx([reference(close, payments) for close in closes()])


def test_a_swap_that_is_paid_every_four_hours_never_waits_longer() -> None:
    found = values(replace(candles_of(), funding=frame_of({PAIR: CASES["every 4 h"]})))[PAIR]
    assert found[:8] == [3, 2, 1, 4, 3, 2, 1, 4]
    assert set(found) == {1, 2, 3, 4}


def test_the_interval_changes_with_the_second_payment_of_the_new_one() -> None:
    payments = CASES["8 h, then 4 h"]
    found = values(replace(candles_of(), funding=frame_of({PAIR: payments})))[PAIR]
    change = 2 * 24 + 4  # the payment four hours after the change is the first that shows it
    assert found[change - 9 : change - 1] == [4, 3, 2, 1, 8, 7, 6, 5]
    assert found[change - 1 : change + 4] == [4, 3, 2, 1, 4]


def test_without_payments_a_pair_is_due_at_midnight_8_and_16_as_before() -> None:
    for funding in (None, frame_of({}), frame_of({"B-USDT": CASES["every 4 h"]})):
        found = values(replace(candles_of(), funding=funding))[PAIR]
        assert found[:9] == [7, 6, 5, 4, 3, 2, 1, 8, 7]


def test_each_pair_has_its_own_payments() -> None:
    times = {"A-USDT": CASES["every 4 h"], "B-USDT": CASES["every hour"], "C-USDT": []}
    shuffled = frame_of(times).sample(frac=1.0, random_state=1)
    found = values(replace(candles_of(tuple(times)), funding=shuffled))
    assert found == {pair: [reference(close, paid) for close in closes()] for pair, paid in times.items()}


def test_milliseconds_that_a_payment_comes_late_change_nothing() -> None:
    late = [paid + timedelta(milliseconds=7) for paid in CASES["8 h, then 4 h"]]
    exact, jittered = (
        values(replace(candles_of(), funding=frame_of({PAIR: paid})))
        for paid in (CASES["8 h, then 4 h"], late)
    )
    assert exact == jittered


@given(
    st.lists(
        st.integers(-4 * 24 * 4, 6 * 24 * 4).map(lambda quarter: START + quarter * HOUR / 4), max_size=40
    ),
    st.integers(0, 100),
    st.integers(1, 44),
)
def test_any_payments_give_the_definition_from_whatever_window_they_are_computed(
    payments, first, length
) -> None:
    start = START + first * HOUR
    end = start + length * HOUR
    candles = replace(CANDLES, funding=frame_of({PAIR: payments})).needed_for(start, end)
    expected = [reference(close, payments) for close in closes(start, end)]
    assert np.allclose(values(candles, start, end)[PAIR], expected, rtol=1e-6)


CANDLES = candles_of()
MOMENTS = [START + hours * HOUR for hours in (31, 53, 56, 80)]
LONG_PAST = START - 40 * DAY


@pytest.fixture(scope="module")
def paid_candles() -> CandleSet:
    """Months of two pairs, with a change of interval shortly before two of the moments."""
    candles = candles_of(("A-USDT", "B-USDT"), LONG_PAST, END)
    times = {
        "A-USDT": [*every(8, LONG_PAST, START + 2 * DAY), *every(4, START + 2 * DAY, END)],
        "B-USDT": [*every(1, LONG_PAST, START + 2 * DAY), *every(8, START + 2 * DAY, END)],
    }
    return replace(candles, funding=frame_of(times))


def test_no_payment_after_the_close_may_count(paid_candles) -> None:
    full = paid_candles.features(START, END, FEATURE)
    assert look_ahead.truncation(paid_candles, MOMENTS, FEATURE).suspects == set()
    assert look_ahead.poison(paid_candles, MOMENTS, FEATURE).suspects == set()
    assert staggered.truncation(paid_candles, full, MOMENTS, FEATURE).suspects == set()
    assert staggered.poison(paid_candles, full, MOMENTS, FEATURE).suspects == set()


def test_a_look_at_the_next_payment_is_caught(paid_candles, monkeypatch) -> None:
    from okx_core.features import compute

    honest = compute.hours_to_funding

    def early(payments, *where):
        moved = payments.assign(timestamp_utc=payments["timestamp_utc"] - 3 * HOUR)
        return honest(moved, *where)

    monkeypatch.setattr(compute, "hours_to_funding", early)
    full = paid_candles.features(START, END, FEATURE)
    suspects = {"hours_to_funding"}
    assert look_ahead.truncation(paid_candles, MOMENTS, FEATURE).suspects == suspects
    assert look_ahead.poison(paid_candles, MOMENTS, FEATURE).suspects == suspects
    assert staggered.truncation(paid_candles, full, MOMENTS, FEATURE).suspects == suspects
    assert staggered.poison(paid_candles, full, MOMENTS, FEATURE).suspects == suspects


def test_without_any_payment_the_checks_run_too(paid_candles) -> None:
    candles = replace(paid_candles, funding=frame_of({}))
    full = candles.features(START, END, FEATURE)
    assert look_ahead.truncation(candles, MOMENTS, FEATURE).suspects == set()
    assert look_ahead.poison(candles, MOMENTS, FEATURE).suspects == set()
    assert staggered.truncation(candles, full, MOMENTS, FEATURE).suspects == set()
    assert staggered.poison(candles, full, MOMENTS, FEATURE).suspects == set()


@pytest.mark.parametrize("known", [True, False])
def test_a_feature_that_reads_the_funding_in_secret_is_found(paid_candles, known) -> None:
    candles = paid_candles if known else replace(paid_candles, funding=None)
    others = [feature for feature in FEATURES if feature.name in ("log_return", "hour_of_day")]
    assert inputs.undeclared_inputs(candles, END, [*FEATURE, *others]).suspects == set()
    secret = [replace(FEATURE[0], inputs=("timestamp_utc",)), *others]
    assert inputs.undeclared_inputs(candles, END, secret).suspects == {"hours_to_funding"}


def test_a_payment_is_forgotten_after_three_days_however_much_history_is_read() -> None:
    candles = replace(CANDLES, funding=frame_of({PAIR: [START - HOUR, START + HOUR / 2]}))
    late = START + 3 * DAY
    assert values(candles)[PAIR][-1] == values(candles.needed_for(late, END), late)[PAIR][-1] == 8
    assert hour_number(START) % 24 == 0
