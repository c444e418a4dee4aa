"""Recorded candles, replayed through the exchange, arrive as they were; what was missing is on the ledger."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from okx_services.ingest.candle_fetch import CandleFetch
from okx_services.ingest.gap_repair import repair_gaps
from okx_simulator.tape.recorded import RecordedTape
from okx_simulator.tape.synthetic import SyntheticTape
from resources.market.candle_store import CandleStore
from resources.market.gap_ledger import GapLedger
from resources.postgres.database import Database

SHARED = Path(__file__).parents[4] / "shared" / "data" / "candles_1h"
VALUES = ["open", "high", "low", "close", "volume", "quote_volume"]
HOUR = timedelta(hours=1)


def recording(suffix: str = "") -> pd.DataFrame:
    """Two pairs, 600 hours: both silent for three, one of them for forty more; turnover known for one."""
    tape, frames = SyntheticTape(("BTC-USDT", "ETH-USDT")), []
    first = tape.start_hour
    for pair, lost in (("BTC-USDT", range(0)), ("ETH-USDT", range(400, 440))):
        bars = tape.bars(pair, first + 600)
        frame = pd.DataFrame(dict(zip(VALUES, bars.values(), strict=True)))
        frame.insert(0, "timestamp_utc", pd.to_datetime(bars.hours * 3600, unit="s", utc=True))
        frame.insert(0, "pair", pair + suffix)
        frames.append(frame.drop(index=[100, 101, 102, *lost]))
    frames[1]["quote_volume"] = np.nan
    return pd.concat(frames, ignore_index=True)


def replay(
    path: Path, serve, database: Database, start: datetime | None = None, end: datetime | None = None
) -> None:
    """Backfill the tape's pairs through the exchange into the store, and resolve its gaps."""
    bounds = [None if moment is None else int(moment.timestamp() * 1000) for moment in (start, end)]
    tape = RecordedTape(path, None, *bounds)
    rows = pd.read_parquet(path, columns=["pair"])
    names = [name for name in rows["pair"].unique() if name.removesuffix("-SWAP") in tape.pairs]
    first, last = (datetime.fromtimestamp(hour * 3600, UTC) for hour in (tape.start_hour, tape.end_hour or 0))
    store = CandleStore(database)
    with serve(tape, last + timedelta(days=100)) as (_, client):
        CandleFetch(store, client, "okx").run(names, first, last)
        GapLedger(store).notice(names, first, last, client.now(), delisted=names)
        repair_gaps(store, client, "okx")


def assert_identical(database: Database, wanted: pd.DataFrame) -> None:
    """Every known value of every row, and no row more."""
    found = database.frame("select * from market.candles_1h order by pair, timestamp_utc")
    wanted = wanted.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    assert found["pair"].tolist() == wanted["pair"].tolist()
    opens = pd.to_datetime(wanted["timestamp_utc"], utc=True).astype("datetime64[us, UTC]")
    assert (found["timestamp_utc"].astype("datetime64[us, UTC]") == opens).all()
    for name in VALUES:
        known = wanted[name].notna()
        np.testing.assert_array_equal(found.loc[known, name], wanted.loc[known, name], err_msg=name)


def ledger(database: Database) -> dict[str, int]:
    rows = database.rows("select state, count(*) as bars from market.candle_gaps group by state")
    return {row["state"]: row["bars"] for row in rows}


@pytest.mark.parametrize("suffix", ["", "-SWAP"])
def test_a_recording_arrives_as_it_is_and_its_holes_are_classified(serve, database, tmp_path, suffix) -> None:
    wanted = recording(suffix)
    wanted.to_parquet(tmp_path / "tape.parquet")
    replay(tmp_path / "tape.parquet", serve, database)
    assert_identical(database, wanted)
    assert ledger(database) == {"never_traded": 6, "lost": 40}


def test_a_volume_that_is_not_known_is_modelled_from_the_turnover(tmp_path) -> None:
    rows = recording()
    rows.loc[rows["pair"] == "BTC-USDT", "volume"] = np.nan
    rows.to_parquet(tmp_path / "tape.parquet")
    bars = RecordedTape(tmp_path / "tape.parquet").bars("BTC-USDT", 10**9)
    typical = (bars.high + bars.low + bars.close) / 3
    np.testing.assert_allclose(bars.volume * typical, bars.quote_volume)


def test_a_pair_and_its_swap_do_not_play_together(tmp_path) -> None:
    pd.concat([recording(), recording("-SWAP")]).to_parquet(tmp_path / "tape.parquet")
    with pytest.raises(OkxSignalError, match="holds BTC-USDT and its swap; choose one"):
        RecordedTape(tmp_path / "tape.parquet")


def test_real_candles_arrive_as_they_are(serve, new_database) -> None:
    """On every recording of real candles beside the project; there may be none."""
    start, end = datetime(2021, 4, 15, tzinfo=UTC), datetime(2021, 10, 1, tzinfo=UTC)
    paths = sorted(SHARED.glob("*_spot_1h.parquet"))
    assert bool(paths) == SHARED.exists()
    for path in paths:
        rows = pd.read_parquet(path)
        opens = pd.to_datetime(rows["timestamp_utc"], utc=True)
        window = (None, None) if opens.min() > pd.Timestamp(end) else (start, end)
        if window[0] is not None:
            rows = rows[(opens >= pd.Timestamp(start)) & (opens < pd.Timestamp(end))]
        with new_database() as database:
            replay(path, serve, database, *window)
            assert_identical(database, rows)
            gaps = pd.read_csv(SHARED / "gaps.csv")
            first = pd.to_datetime(gaps["gap_first_missing"], utc=True)
            inside = (gaps["file"] == path.name) & (first >= opens.min())
            if window[0] is not None:
                inside &= (first >= pd.Timestamp(start)) & (first < pd.Timestamp(end))
            bars = int(gaps.loc[inside, "missing_bars"].sum())
            assert ledger(database) == ({"never_traded": bars} if bars else {})
