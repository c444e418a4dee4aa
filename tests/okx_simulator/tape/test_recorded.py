import math
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from okx_simulator.protocol.clock import iso_to_ms
from okx_simulator.tape.recorded import RecordedTape


def rows(pair: str, hours: int = 6, start: str = "2024-01-01") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "pair": pair,
            "timestamp_utc": pd.date_range(start, periods=hours, freq="h", tz="UTC", unit="ms"),
            "open": 100.0,
            "high": 104.0,
            "low": 98.0,
            "close": 101.0,
            "volume": 10.0,
        }
    )


def written(folder: Path, frame: pd.DataFrame) -> Path:
    path = folder / "candles.parquet"
    frame.to_parquet(path)
    return path


def test_candles_are_served_as_recorded_and_turnover_is_modelled(tmp_path: Path) -> None:
    tape = RecordedTape(written(tmp_path, pd.concat([rows("BTC-USDT"), rows("ETH-USDT")])))
    bars = tape.bars("BTC-USDT", 10**6)
    assert tape.pairs == ("BTC-USDT", "ETH-USDT")
    assert bars.volume.tolist() == [10.0] * 6
    assert bars.quote_volume.tolist() == pytest.approx([10.0 * (104 + 98 + 101) / 3] * 6)
    assert tape.end_hour == tape.start_hour + 6


def test_recorded_turnover_is_kept_where_it_is_known(tmp_path: Path) -> None:
    frame = rows("BTC-USDT").assign(quote_volume=[1005.0, math.nan] * 3)
    bars = RecordedTape(written(tmp_path, frame)).bars("BTC-USDT", 10**6)
    assert bars.quote_volume[:2].tolist() == pytest.approx([1005.0, 1010.0])


def test_missing_hours_stay_missing(tmp_path: Path) -> None:
    path = written(tmp_path, rows("BTC-USDT").drop(index=[2, 3]))
    hours = RecordedTape(path).bars("BTC-USDT", 10**6).hours
    assert (hours - hours[0]).tolist() == [0, 1, 4, 5]


def test_pairs_and_hours_can_be_selected(tmp_path: Path) -> None:
    path = written(tmp_path, pd.concat([rows("BTC-USDT"), rows("ETH-USDT")]))
    start, end = (iso_to_ms(f"2024-01-01T0{hour}:00:00Z", "test") for hour in (1, 4))
    tape = RecordedTape(path, ("ETH-USDT",), start, end)
    assert tape.pairs == ("ETH-USDT",)
    assert len(tape.bars("ETH-USDT", 10**6)) == 3


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("high", 97.0, "high is below low"),
        ("low", 102.0, "low is above open or close"),
        ("close", math.nan, "close is not a number"),
        ("open", 0.0, "open is not above zero"),
        ("volume", math.nan, "volume is not a number"),
        ("timestamp_utc", pd.Timestamp("2024-01-01T02:30", tz="UTC"), "does not open on a full hour"),
    ],
)
def test_a_bad_row_is_named_with_file_pair_hour_value_and_remedy(
    tmp_path: Path, column: str, value: object, reason: str
) -> None:
    frame = pd.concat([rows("BTC-USDT"), rows("ETH-USDT")], ignore_index=True)
    frame.loc[8, column] = value
    with pytest.raises(OkxSignalError) as refused:
        RecordedTape(written(tmp_path, frame))
    message = str(refused.value)
    for part in ("candles.parquet", "ETH-USDT", "2024-01-01T02", reason, "correct or remove"):
        assert part in message


def test_a_bad_row_outside_the_selection_does_no_harm(tmp_path: Path) -> None:
    frame = pd.concat([rows("BTC-USDT"), rows("ETH-USDT")], ignore_index=True)
    frame.loc[8, "high"] = 1.0
    assert RecordedTape(written(tmp_path, frame), ("BTC-USDT",)).pairs == ("BTC-USDT",)


def test_an_hour_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OkxSignalError, match="another row of the same hour"):
        RecordedTape(written(tmp_path, pd.concat([rows("BTC-USDT"), rows("BTC-USDT", 1)])))


def test_an_unknown_pair_is_named_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(OkxSignalError, match=r"'DOGE-USDT' is not in the file; choose from BTC-USDT"):
        RecordedTape(written(tmp_path, rows("BTC-USDT")), ("DOGE-USDT",))


def test_files_that_are_no_tape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OkxSignalError, match="no such file"):
        RecordedTape(tmp_path / "absent.parquet")
    garbage = tmp_path / "garbage.parquet"
    garbage.write_text("not parquet")
    with pytest.raises(OkxSignalError, match="not a readable Parquet file"):
        RecordedTape(garbage)
    with pytest.raises(OkxSignalError, match="column volume is missing"):
        RecordedTape(written(tmp_path, rows("BTC-USDT").drop(columns="volume")))
    with pytest.raises(OkxSignalError, match="no rows are left"):
        RecordedTape(written(tmp_path, rows("BTC-USDT")), None, iso_to_ms("2025-01-01", "test"))


@pytest.mark.parametrize("column", ["pair", "timestamp_utc"])
def test_rows_without_pair_or_time_are_reported_whatever_is_selected(tmp_path: Path, column: str) -> None:
    frame = pd.concat([rows("BTC-USDT"), rows("ETH-USDT")], ignore_index=True)
    frame.loc[[7, 9], column] = None
    start = iso_to_ms("2024-01-01T00:00:00Z", "test")
    with pytest.raises(OkxSignalError, match="2 rows have no pair or no timestamp_utc, the first is row 7"):
        RecordedTape(written(tmp_path, frame), ("BTC-USDT",), start)


def test_text_and_numbers_may_be_kept_in_any_legal_way(tmp_path: Path) -> None:
    frame = pd.concat([rows("BTC-USDT"), rows("ETH-USDT")], ignore_index=True)
    plain = RecordedTape(written(tmp_path, frame)).bars("BTC-USDT", 10**6)
    decimals = {
        name: frame[name].map(lambda value: Decimal(str(value))) for name in ("open", "high", "low", "close")
    }
    for changed in (
        frame.assign(pair=frame["pair"].astype("category")),
        frame.assign(**decimals),
        frame.assign(volume=10),
        frame.set_index(["pair", "timestamp_utc"]),
    ):
        tape = RecordedTape(written(tmp_path, changed), ("BTC-USDT",))
        assert tape.bars("BTC-USDT", 10**6).values()[0].tolist() == plain.values()[0].tolist()
