"""Candle files of other programs become one tape, and everything that was changed is said."""

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from okx_services.ingest.tape_import import as_parquet, coverage, imported
from okx_simulator.tape.recorded import RecordedTape

HOURS = 48
START = pd.Timestamp("2024-01-01", tz="UTC")


def bars(count: int = HOURS, freq: str = "h", seed: int = 0) -> pd.DataFrame:
    """Bars in our own columns, without a pair."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opens = np.concatenate([[100.0], close[:-1]])
    return pd.DataFrame(
        {
            "timestamp_utc": pd.date_range(START, periods=count, freq=freq),
            "open": opens,
            "high": np.maximum(opens, close) * 1.01,
            "low": np.minimum(opens, close) * 0.99,
            "close": close,
            "volume": rng.uniform(1, 2, count),
        }
    )


def milliseconds(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(timestamp_utc=frame["timestamp_utc"].astype("datetime64[ms, UTC]").astype("int64"))


def write_freqtrade_feather(folder: Path) -> Path:
    file = folder / "BTC_USDT-1h.feather"
    bars().rename(columns={"timestamp_utc": "date"}).to_feather(file)
    return file


def write_freqtrade_json(folder: Path) -> Path:
    file = folder / "BTC_USDT-1h.json"
    file.write_text(json.dumps(milliseconds(bars()).to_numpy().tolist()))
    return file


def write_binance_csv(folder: Path) -> Path:
    file = folder / "BTCUSDT-1h-2024-01.csv"
    table = milliseconds(bars())
    table["close_time"] = table["timestamp_utc"] + 3_599_999
    table["quote"] = table["volume"] * (table["high"] + table["low"]) / 2
    table.assign(count=5, taker=1.0, taker_quote=1.0, ignore=0).to_csv(file, header=False, index=False)
    return file


def write_csv_with_other_names(folder: Path) -> Path:
    file = folder / "mine.csv"
    names = {
        "timestamp_utc": "Open Time",
        "open": "O",
        "high": "H",
        "low": "L",
        "close": "C",
        "volume": "Vol",
    }
    bars().assign(Symbol="BTC/USDT").rename(columns=names).to_csv(file, index=False)
    return file


def write_csv_with_remark_and_semicolons(folder: Path) -> Path:
    file = folder / "BTC-USDT_1h.csv"
    text = bars().assign(timestamp_utc=lambda t: t["timestamp_utc"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    file.write_text("https://www.example.com\n" + text.to_csv(index=False, sep=";"))
    return file


def write_parquet_of_texts(folder: Path) -> Path:
    file = folder / "prices.parquet"
    table = bars().assign(pair="BTC-USDT")
    for name in ("open", "high", "low", "close", "volume"):
        table[name] = table[name].map(repr)
    table.to_parquet(file)
    return file


def write_parquet_in_another_zone(folder: Path) -> Path:
    file = folder / "prices.parquet"
    table = bars().assign(symbol="btcusdt")
    table["timestamp_utc"] = table["timestamp_utc"].dt.tz_convert("Asia/Hong_Kong")
    table.set_index("timestamp_utc").to_parquet(file)
    return file


def write_crypto_data_download(folder: Path) -> Path:
    file = folder / "Binance_BTCUSDT_1h.csv"
    table = (
        milliseconds(bars())
        .rename(columns=str.title)
        .rename(columns={"Timestamp_Utc": "Unix", "Volume": "Volume BTC"})
    )
    table.insert(1, "Date", bars()["timestamp_utc"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    table.insert(2, "Symbol", "BTCUSDT")
    table["Volume USDT"] = table["Volume BTC"] * table["Close"]
    file.write_text("https://www.example.com\n" + table[::-1].to_csv(index=False))
    return file


def write_answer_of_okx(folder: Path) -> Path:
    file = folder / "market_BTC-USDT-1H.json"
    table = milliseconds(bars())
    table["volCcy"] = table["volCcyQuote"] = table["volume"] * table["close"]
    rows = [[repr(value) for value in (int(row[0]), *row[1:])] for row in table.to_numpy().tolist()]
    file.write_text(json.dumps({"code": "0", "msg": "", "data": [[*row, "1"] for row in rows[::-1]]}))
    return file


@pytest.mark.parametrize(
    "write",
    [
        write_freqtrade_feather, write_freqtrade_json, write_binance_csv, write_csv_with_other_names,
        write_csv_with_remark_and_semicolons, write_parquet_of_texts, write_parquet_in_another_zone,
        write_crypto_data_download, write_answer_of_okx,
    ],
)  # fmt: skip
def test_every_form_gives_the_same_bars_and_a_tape_that_plays(write, tmp_path: Path) -> None:
    tape, report = imported([write(tmp_path)])
    assert tape["pair"].unique().tolist() == ["BTC-USDT"]
    assert tape["timestamp_utc"].tolist() == bars()["timestamp_utc"].tolist()
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_allclose(tape[name], bars()[name], rtol=1e-12)
    assert any(report.changes.values())
    as_parquet(tape, tmp_path / "tape.parquet")
    assert RecordedTape(tmp_path / "tape.parquet").pairs == ("BTC-USDT",)


def test_a_freqtrade_folder_takes_the_hours_of_the_spot_market(tmp_path: Path) -> None:
    (tmp_path / "futures").mkdir()
    for name, freq, seed in (
        ("BTC_USDT-1h", "h", 0), ("BTC_USDT-5m", "5min", 1), ("BTC_USDT-4h", "4h", 2), ("ETH_USDT-5m", "5min", 3),
        ("futures/BTC_USDT_USDT-1h-futures", "h", 4), ("futures/SOL_USDT_USDT-1h-futures", "h", 5),
        ("futures/SOL_USDT_USDT-8h-funding_rate", "8h", 6), ("futures/SOL_USDT_USDT-1h-mark", "h", 7),
    ):  # fmt: skip
        bars(HOURS * (12 if freq == "5min" else 1), freq, seed).rename(
            columns={"timestamp_utc": "date"}
        ).to_feather(tmp_path / f"{name}.feather")
    (tmp_path / "trades.txt").write_text("nothing")
    tape, report = imported([tmp_path])
    assert [(pair, hours, missing) for pair, _, _, hours, missing in coverage(tape)] == [
        ("BTC-USDT", HOURS, 0), ("ETH-USDT", HOURS, 0), ("SOL-USDT", HOURS, 0),
    ]  # fmt: skip
    np.testing.assert_allclose(tape[tape["pair"] == "BTC-USDT"]["close"], bars(HOURS, "h", 0)["close"])
    assert set(report.left_out) == {
        "BTC_USDT-5m.feather", "BTC_USDT-4h.feather", "BTC_USDT_USDT-1h-futures.feather",
        "SOL_USDT_USDT-8h-funding_rate.feather", "SOL_USDT_USDT-1h-mark.feather",
    }  # fmt: skip


def test_minutes_become_whole_hours_and_others_are_left_out(tmp_path: Path) -> None:
    fine = bars(4 * HOURS, "15min").drop(index=[9])
    fine.to_csv(tmp_path / "BTC-USDT-15m.csv", index=False)
    tape, report = imported([tmp_path / "BTC-USDT-15m.csv"])
    assert len(tape) == HOURS - 1
    hour = fine[fine["timestamp_utc"].dt.floor("h") == START]
    first = tape.iloc[0]
    assert (first["open"], first["close"]) == (hour["open"].iloc[0], hour["close"].iloc[-1])
    assert (first["high"], first["low"]) == (hour["high"].max(), hour["low"].min())
    assert np.isclose(first["volume"], hour["volume"].sum())
    assert "1 hours left out because not all their bars are there" in report.changes["BTC-USDT-15m.csv"]


def test_later_files_win_and_rows_that_break_the_contract_are_counted(tmp_path: Path) -> None:
    bars(30).to_csv(tmp_path / "BTC-USDT-1h-a.csv", index=False)
    later = bars(HOURS, seed=1).iloc[20:]
    later.loc[25, "high"] = 0.1
    later.to_csv(tmp_path / "BTC-USDT-1h-b.csv", index=False)
    tape, report = imported([tmp_path / "BTC-USDT-1h-a.csv", tmp_path / "BTC-USDT-1h-b.csv"])
    assert len(tape) == HOURS - 1
    assert dict(report.rejected) == {"high is below low": 1}
    assert any("10 bars that came twice" in words for words in report.changes["all files"])
    np.testing.assert_allclose(tape["close"].iloc[20], later["close"].iloc[0])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "BTC-USDT-1h.csv",
            "a,b\n1,2\n",
            "has no column that could be timestamp_utc, open, high, low, close; it",
        ),
        (
            "nothing.csv",
            bars().to_csv(index=False),
            "its name does not begin with one: name it like BTC-USDT-1h.csv",
        ),
        (
            "BTC-USDT-1h.csv",
            bars().assign(close="n/a?").to_csv(index=False),
            "48 values of close are no numbers",
        ),
        (
            "BTC-USDT-1h.csv",
            bars().assign(timestamp_utc="soon").to_csv(index=False),
            "48 times cannot be read",
        ),
        ("BTC-USDT-1d.csv", bars(freq="D").to_csv(index=False), "bars of 24 h cannot be cut into hours"),
        ("BTC-USDT.csv", bars(freq="D").to_csv(index=False), "its bars are 1440 minutes apart"),
        ("BTC-USDT-1h.parquet", "PAR", "cannot be read"),
        ("BTC-USDT-1h.csv", "", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named_with_the_remedy(
    tmp_path: Path, name: str, content: str, words: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(OkxSignalError) as failure:
        imported([tmp_path / name])
    assert words in str(failure.value)
    assert "\n" not in str(failure.value)


def test_a_file_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    bars().to_csv(tmp_path / "BTC-USDT-1h.csv", index=False)
    (tmp_path / "ETH-USDT-1h.parquet").write_text("PAR")
    bars().to_csv(tmp_path / "LINK_USDT_USDT-8h-mark.csv", index=False)
    tape, report = imported([tmp_path])
    assert set(tape["pair"]) == {"BTC-USDT"}
    assert "cannot be read" in report.left_out["ETH-USDT-1h.parquet"]
    assert "no candles of trades" in report.left_out["LINK_USDT_USDT-8h-mark.csv"]


def damaged(text: str, at: int) -> bytes:
    data = gzip.compress(text.encode())
    return data[:at] + bytes(4) + data[at + 4 :]


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("ETH-USDT-1h.csv.gz", lambda text: gzip.compress(text.encode())[: len(text) // 6]),
        ("ETH-USDT-1h.csv.gz", lambda text: damaged(text, 200)),
        ("ETH-USDT-1h.csv.gz", lambda text: text.encode()),
        ("ETH-USDT-1h.csv", lambda text: text.replace("1704070800000", "inf").encode()),
        ("ETH-USDT-1h.csv", lambda text: text.encode("utf-16")),
        ("ETH-USDT-1h.json", lambda _: b"5"),
        ("ETH-USDT-1h.json", lambda _: b'[[1,2,3,4,5,6],[1,{"a":2}]]'),
        ("ETH-USDT-1h.json", lambda _: b"[" * 100_000),
        ("ETH-USDT-1h.json", lambda _: b'{"data": 5}'),
    ],
)
def test_a_damaged_file_stops_no_other(tmp_path: Path, name: str, spoil) -> None:
    bars().to_csv(tmp_path / "BTC-USDT-1h.csv", index=False)
    (tmp_path / name).write_bytes(spoil(milliseconds(bars()).to_csv(index=False)))
    tape, report = imported([tmp_path])
    assert set(tape["pair"]) == {"BTC-USDT"}
    assert name in report.left_out[name]


@pytest.mark.parametrize("name", ["benchmark_BTCUSDT.csv", "BTCUSDT_bookmarks-1h.csv", "BTCUSDT-mark.csv"])
def test_a_file_that_was_named_is_read_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    bars().assign(pair="BTC-USDT").to_csv(tmp_path / name, index=False)
    tape, _ = imported([tmp_path / name])
    assert len(tape) == HOURS
    if name != "BTCUSDT-mark.csv":
        assert len(imported([tmp_path])[0]) == HOURS


@pytest.mark.parametrize(
    ("separator", "decimal"), [(";", ","), (";", "."), ("\t", ","), ("|", "."), (",", ".")]
)
@pytest.mark.parametrize("remark", ["", "https://prices.example\n"])
@pytest.mark.parametrize("header", [True, False])
def test_a_table_in_text_is_read_whatever_its_separators(
    tmp_path: Path, separator: str, decimal: str, remark: str, header: bool
) -> None:
    text = milliseconds(bars()).to_csv(index=False, sep=separator, decimal=decimal, header=header)
    (tmp_path / "BTC-USDT-1h.csv").write_text(remark + text)
    tape, _ = imported([tmp_path / "BTC-USDT-1h.csv"])
    np.testing.assert_allclose(tape["close"], bars()["close"])
    np.testing.assert_allclose(tape["volume"], bars()["volume"])
    assert tape["timestamp_utc"].tolist() == bars()["timestamp_utc"].tolist()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OkxSignalError, match="there is no such file or folder"):
        imported([tmp_path / "nowhere"])
