"""Which stretch and pairs of a recorded file can be played."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from resources.market.recorded_market import RecordedMarketError, covering_pairs

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Ten days of FULL, the first half of HALF, FULL but for 3 % of its hours as GAPPY."""
    hours = pd.date_range(START, periods=240, freq="h")
    rows = [("FULL-USDT", hour) for hour in hours] + [("HALF-USDT", hour) for hour in hours[:120]]
    rows += [("GAPPY-USDT", hour) for number, hour in enumerate(hours) if number % 33]
    path = tmp_path / "tape.parquet"
    pd.DataFrame(rows, columns=["pair", "timestamp_utc"]).to_parquet(path)
    return path


def test_without_bounds_the_file_speaks_for_itself(tape: Path) -> None:
    assert covering_pairs(tape, None, None, None) == (START, START + 10 * DAY, ("FULL-USDT", "GAPPY-USDT"))


def test_within_bounds_more_pairs_may_cover(tape: Path) -> None:
    _, _, pairs = covering_pairs(tape, START, START + 5 * DAY, None)
    assert pairs == ("FULL-USDT", "GAPPY-USDT", "HALF-USDT")


def test_named_pairs_are_taken_in_their_order_even_with_gaps(tape: Path) -> None:
    _, _, pairs = covering_pairs(tape, None, None, " half-usdt, FULL-USDT,")
    assert pairs == ("HALF-USDT", "FULL-USDT")


@pytest.mark.parametrize(
    ("start", "end", "wanted", "words"),
    [
        (None, None, "ZZZ-USDT", "has no bar of ZZZ-USDT .* it has FULL-USDT, GAPPY-USDT, HALF-USDT then"),
        (START - 400 * DAY, START - 300 * DAY, "FULL-USDT", "it has nothing then"),
        (
            START - 400 * DAY,
            START,
            None,
            "no pair of tape.parquet covers .* 2024-01-01 to 2024-01-10: choose other days",
        ),
        (START + 5 * DAY, START + 5 * DAY, None, "is not before --to"),
        (START + 5 * DAY, START + 2 * DAY, None, "is not before --to"),
    ],
)
def test_what_cannot_be_played_is_named(tape: Path, start, end, wanted, words: str) -> None:
    with pytest.raises(RecordedMarketError, match=words):
        covering_pairs(tape, start, end, wanted)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"a": [1]}), "is not a Parquet file with pair and timestamp_utc"),
        (
            pd.DataFrame({"pair": pd.Series([], dtype=str), "timestamp_utc": pd.to_datetime([], utc=True)}),
            "holds no rows",
        ),
        (pd.DataFrame({"pair": ["A"], "timestamp_utc": ["2024-01-01"]}), "must be a UTC timestamp"),
        (
            pd.DataFrame({"pair": ["A"], "timestamp_utc": [pd.Timestamp("2024-01-01")]}),
            "must be a UTC timestamp",
        ),
        (pd.DataFrame({"pair": ["A"], "timestamp_utc": [1704067200]}), "must be a UTC timestamp"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_one_line(
    tmp_path: Path, frame: pd.DataFrame, words: str
) -> None:
    path = tmp_path / "other.parquet"
    frame.to_parquet(path)
    with pytest.raises(RecordedMarketError, match=words) as failure:
        covering_pairs(path, None, None, None)
    assert str(path) in str(failure.value)
    assert "\n" not in str(failure.value)


def test_text_is_not_parquet(tmp_path: Path) -> None:
    path = tmp_path / "candles.csv"
    path.write_text("pair,timestamp_utc\nA,2024-01-01\n")
    with pytest.raises(RecordedMarketError, match="is not a Parquet file"):
        covering_pairs(path, None, None, None)
