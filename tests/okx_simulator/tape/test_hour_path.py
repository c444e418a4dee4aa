"""The path inside an hour says nothing about the rest of the hour: compared with a random walk over many hours."""

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_simulator.protocol.swaps import pair_of
from okx_simulator.tape.bars import Bars, Floats, Tape
from okx_simulator.tape.hour_path import SLOTS, Context, HourPaths, forming_bar
from okx_simulator.tape.recorded import RecordedTape
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.tape_paths import TapePaths
from tests.examples import examples

MINUTE = SLOTS // 60
HOURS = 2_000
FIVE_MINUTES = Path(__file__).parents[4] / "shared" / "data" / "candles_5m"


def log_paths(tape: Tape, pair: str, hours: int = HOURS) -> Floats:
    """Log prices [hours, SLOTS] less the open, in units of the mean volatility of the hours."""
    bars = tape.bars(pair, tape.end_hour or tape.start_hour + 10_000)[-hours:]
    paths = np.log([path.prices for _, path in TapePaths(tape).each(pair, bars)])
    paths -= paths[:, :1]
    scaled: Floats = paths / paths[:, -1].std()
    return scaled


@pytest.fixture(scope="module")
def synthetic() -> list[Floats]:
    tape = SyntheticTape(seed=11, strength=0.0)
    return [log_paths(tape, pair) for pair in tape.pairs[:4]]


def standard_errors(values: Floats, expected: float) -> float:
    return float((values.mean() - expected) / (values.std() / math.sqrt(len(values))))


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 45])
def test_early_minutes_agree_with_the_hour_as_often_as_a_walks_do(
    synthetic: list[Floats], minutes: int
) -> None:
    """A walk's first share s of the hour has the sign of the hour with chance 1/2 + asin(sqrt(s)) / pi."""
    paths = np.concatenate(synthetic)
    early, hour = paths[:, minutes * MINUTE - 1], paths[:, -1]
    moved = (early != 0) & (hour != 0)
    agree = (np.sign(early) == np.sign(hour))[moved].astype(float)
    walk = 0.5 + math.asin(math.sqrt(minutes / 60)) / math.pi
    assert abs(agree.mean() - walk) < 0.02
    assert moved.mean() > 0.9


@pytest.mark.parametrize(
    ("seen_from", "seen_to", "until"),
    [(0, 5, 60), (0, 20, 40), (0, 30, 60), (0, 40, 60), (20, 30, 40), (45, 50, 60)],
)
def test_following_or_fading_the_past_of_the_hour_earns_nothing(
    synthetic: list[Floats], seen_from: int, seen_to: int, until: int
) -> None:
    paths = np.concatenate(synthetic)
    first, now, last = (max(minute * MINUTE - 1, 0) for minute in (seen_from, seen_to, until))
    earned = np.sign(paths[:, now] - paths[:, first]) * (paths[:, last] - paths[:, now])
    assert abs(standard_errors(earned, 0.0)) < 4.0
    assert abs(earned.mean()) < 0.03  # of the hour's volatility; the fixed zigzag gave 0.5 and more


def test_a_price_at_the_hours_high_or_low_so_far_is_as_likely_to_go_on_as_to_turn(
    synthetic: list[Floats],
) -> None:
    paths = np.concatenate(synthetic)
    seen, later = paths[:, : 30 * MINUTE], paths[:, -1] - paths[:, 30 * MINUTE - 1]
    at_high, at_low = seen[:, -1] == seen.max(axis=1), seen[:, -1] == seen.min(axis=1)
    assert min(at_high.sum(), at_low.sum()) > 100
    assert abs(standard_errors(later[at_high], 0.0)) < 4.0
    assert abs(standard_errors(later[at_low], 0.0)) < 4.0


def test_one_pairs_first_half_says_nothing_about_the_second_half_of_another(
    synthetic: list[Floats],
) -> None:
    middle, slopes = 30 * MINUTE - 1, []
    for one, other in pairwise(synthetic):
        known = np.column_stack([one[:, middle], other[:, middle]])
        slope, *_ = np.linalg.lstsq(known, other[:, -1] - other[:, middle])
        slopes.append(slope[0])
    assert len(slopes) == 3
    assert max(map(abs, slopes)) < 0.1


def test_the_minutes_add_up_to_the_hours_volatility(synthetic: list[Floats]) -> None:
    minutes = np.diff(np.concatenate(synthetic)[:, MINUTE - 1 :: MINUTE], axis=1)
    assert (minutes**2).sum(axis=1).mean() == pytest.approx(1.0, abs=0.12)


def real_hours(recording: Path) -> dict[str, tuple[Bars, Floats]]:
    """Whole hours of each pair, and their real log prices [n, 13] every five minutes less the open."""
    found = {}
    rows = pd.read_parquet(recording)
    rows["hour"] = rows["timestamp_utc"].dt.floor("h")
    rows = rows[rows.groupby(["pair", "hour"])["close"].transform("size") == 12]
    for pair, five in rows.groupby("pair"):
        sides = {name: five[name].to_numpy().reshape(-1, 12) for name in ("open", "high", "low", "close")}
        hours = (five["hour"].iloc[::12] - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(hours=1)
        bars = (sides["open"][:, 0], sides["high"].max(1), sides["low"].min(1), sides["close"][:, -1])
        path = np.log(np.column_stack([sides["open"][:, 0], sides["close"]]) / sides["open"][:, :1])
        ones = np.ones(len(hours))
        found[str(pair)] = (Bars(hours.to_numpy(), *bars, ones, ones), path)
    return found


def hourly_tape(hours: dict[str, tuple[Bars, Floats]], path: Path) -> RecordedTape:
    frames = []
    for pair, (bars, _) in hours.items():
        values = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
        opens = pd.to_datetime(bars.hours * 3600, unit="s", utc=True)
        frames.append(pd.DataFrame({"pair": pair, "timestamp_utc": opens, **values}))
    pd.concat(frames).to_parquet(path)
    return RecordedTape(path)


def test_paths_through_real_hours_move_as_the_real_five_minutes_did(tmp_path: Path) -> None:
    """Only the hourly bars are recorded; on every recording of real ones beside the project, there may be none."""
    recordings = sorted(FIVE_MINUTES.glob("*.parquet"))
    assert bool(recordings) == FIVE_MINUTES.exists()
    for recording in recordings:
        hours = real_hours(recording)
        tape = hourly_tape(hours, tmp_path / recording.name)
        assert 0.6 < tape.comovement < 1.0
        for pair, (_, path) in hours.items():
            simulated = log_paths(tape, pair_of(pair))[:, [0, *range(5 * MINUTE - 1, SLOTS, 5 * MINUTE)]]
            real = path[-HOURS:] / path[-HOURS:, -1].std()
            for bars in (1, 3, 6, 9):
                agree = [(np.sign(one[:, bars]) == np.sign(one[:, -1])).mean() for one in (simulated, real)]
                assert agree[0] == pytest.approx(agree[1], abs=0.05)
            roughness = [(np.diff(one, axis=1) ** 2).sum(axis=1).mean() for one in (simulated, real)]
            assert roughness[0] == pytest.approx(roughness[1], rel=0.15)
            fades = [np.sign(one[:, 8]) * (one[:, -1] - one[:, 8]) for one in (simulated, real)]
            assert fades[0].mean() == pytest.approx(fades[1].mean(), abs=0.09)


@settings(max_examples=examples(60))
@given(
    st.floats(1e-8, 1e5),
    st.floats(0, 0.9),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(400_000, 500_000),
    st.sampled_from([math.nan, 1e-4, 0.01, 0.5]),
)
def test_every_path_keeps_to_its_bar(
    high: float, width: float, opens: float, closes: float, hour: int, usual: float
) -> None:
    low = high * (1.0 - width)
    opened, closed = (min(max(low + share * (high - low), low), high) for share in (opens, closes))
    bar = Bars(np.array([hour]), *(np.array([side]) for side in (opened, high, low, closed, 7.0, 7.0)))
    tick = 10.0 ** (math.floor(math.log10(high)) - 4)
    path = HourPaths(3, 0.5).of("A-USDT", bar, tick, Context(usual, usual))
    assert path.prices[0] == opened
    assert path.prices[-1] == closed
    assert path.prices.max() == high
    assert path.prices.min() == low
    again = HourPaths(3, 0.5).of("A-USDT", bar, tick, Context(usual, usual))
    np.testing.assert_array_equal(path.prices, again.prices)
    whole = forming_bar(bar, path, (hour + 1) * 3_600_000)
    assert [side[0] for side in whole.values()[:5]] == [opened, high, low, closed, 7.0]


def test_another_seed_pair_or_hour_is_another_path() -> None:
    bar = Bars(np.array([420_000]), *(np.array([side]) for side in (100.0, 103.0, 99.0, 101.0, 1.0, 1.0)))
    later = Bars(np.array([420_001]), *bar.values())
    paths = HourPaths(1, 0.5)
    found = [
        paths.of("A-USDT", bar, 0.01, Context(0.02, 1.0)),
        paths.of("B-USDT", bar, 0.01, Context(0.02, 1.0)),
        paths.of("A-USDT", later, 0.01, Context(0.02, 1.0)),
        HourPaths(2, 0.5).of("A-USDT", bar, 0.01, Context(0.02, 1.0)),
    ]
    assert len({path.prices.tobytes() for path in found}) == 4
