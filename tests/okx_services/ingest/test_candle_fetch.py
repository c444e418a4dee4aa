"""A fetch of many pairs: equal to the tape row for row, and after an interruption it goes on where it stopped."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_services.ingest.candle_fetch import CandleFetch
from okx_simulator.tape.bars import Tape
from okx_simulator.tape.synthetic import SyntheticTape
from resources.market.candle_store import CandleStore
from resources.okx.calls.candle_history import CandleStretch
from resources.okx.client import OkxClient
from resources.okx.errors import PermanentError
from resources.postgres.database import Database

PAIRS = ("BTC-USDT", "ETH-USDT", "ATOM-USDT")
START, END = datetime(2023, 1, 1, 3, tzinfo=UTC), datetime(2023, 6, 1, 12, tzinfo=UTC)
NOW = END + timedelta(minutes=20)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def tape() -> SyntheticTape:
    return SyntheticTape(PAIRS)


def rows_of_tape(tape: Tape, start: datetime, end: datetime) -> pd.DataFrame:
    """What market.candles_1h must hold, sorted by pair and time."""
    frames = []
    for pair in sorted(tape.pairs):
        bars = tape.bars(pair, int(end.timestamp()) // 3600).between(int(start.timestamp()) // 3600, 10**9)
        opens = pd.to_datetime(bars.hours * 3600, unit="s", utc=True)
        names = ("open", "high", "low", "close", "volume", "quote_volume")
        values = dict(zip(names, bars.values(), strict=True))
        frames.append(pd.DataFrame({"pair": pair, "timestamp_utc": opens, **values}))
    return pd.concat(frames, ignore_index=True)


def assert_equals_tape(database: Database, tape: Tape, start: datetime, end: datetime) -> None:
    found = database.frame("select * from market.candles_1h order by pair, timestamp_utc")
    wanted = rows_of_tape(tape, start, end)
    assert found["pair"].tolist() == wanted["pair"].tolist()
    assert (found["timestamp_utc"].to_numpy() == wanted["timestamp_utc"].to_numpy()).all()
    for name in wanted.columns[2:]:
        np.testing.assert_array_equal(found[name].to_numpy(), wanted[name].to_numpy(), err_msg=name)


class KilledError(Exception):
    """Simulates that the process is killed."""


class Stopping:
    """A client that dies after so many pages, and counts them."""

    def __init__(self, client: OkxClient, pages: int) -> None:
        self._client, self.left, self.seen = client, pages, 0
        self.now = client.now

    def candle_stretches(self, *asked: object) -> Iterator[CandleStretch]:
        for part in self._client.candle_stretches(*asked):  # type: ignore[arg-type]
            if not self.left:
                raise KilledError
            self.left, self.seen = self.left - 1, self.seen + 1
            yield part


def test_every_bar_of_the_tape_is_stored_once(serve, tape, database) -> None:
    with serve(tape, NOW) as (_, client):
        report = CandleFetch(CandleStore(database), client, "okx").run(PAIRS, START, END)
    assert_equals_tape(database, tape, START, END)
    assert report.rows == report.written == len(PAIRS) * ((END - START) // HOUR)
    assert database.scalar("select count(*) from market.fetched_stretches") == 0


@pytest.mark.parametrize("pages", [1, 7, 20, 34])
def test_an_interrupted_fetch_goes_on_where_it_stopped(serve, tape, database, pages) -> None:
    store = CandleStore(database)
    with serve(tape, NOW) as (_, client):
        stopping = Stopping(client, pages)
        with pytest.raises(KilledError):
            CandleFetch(store, stopping, "okx").run(PAIRS, START, END)
        assert database.scalar("select count(*) from market.candles_1h") > 0
        going_on = Stopping(client, 10**9)
        report = CandleFetch(store, going_on, "okx").run(PAIRS, START, END)
        from_scratch = Stopping(client, 10**9)
        CandleFetch(store, from_scratch, "okx").run(PAIRS, START, END)
    assert_equals_tape(database, tape, START, END)
    assert report.resumed_bars > 0
    assert going_on.seen + pages <= from_scratch.seen + 2 * len(PAIRS)  # a page under way is repeated
    assert database.scalar("select count(*) from market.candle_revisions") == 0


def test_a_pair_that_the_exchange_has_delisted_is_named_and_the_others_are_stored(
    serve, tape, database
) -> None:
    with serve(tape, NOW) as (_, client):
        report = CandleFetch(CandleStore(database), client, "okx").run(
            ["BTC-USDT", "GONE-USDT"], END - 5 * HOUR, END
        )
    assert list(report.refused) == ["GONE-USDT"]
    assert "51001" in report.refused["GONE-USDT"]
    assert report.rows == 5


def test_an_error_of_one_pair_stops_all_and_keeps_what_had_arrived(serve, tape, database) -> None:
    class Refusing(Stopping):
        def candle_stretches(self, pair: str, *asked: object) -> Iterator[CandleStretch]:
            if pair == "ETH-USDT":
                raise PermanentError("GET /market/candles", "the key is wrong", code="50111")
            yield from super().candle_stretches(pair, *asked)

    with serve(tape, NOW) as (_, client), pytest.raises(PermanentError, match="the key is wrong"):
        CandleFetch(CandleStore(database), Refusing(client, 10**9), "okx").run(PAIRS, START, END)


def test_hundreds_of_pairs_that_fail_at_once_do_not_hang(serve, tape, database) -> None:
    pairs = [f"P{number}-USDT" for number in range(900)]
    with serve(tape, NOW) as (_, client), pytest.raises(KilledError):
        CandleFetch(CandleStore(database), Stopping(client, 0), "okx").run(["BTC-USDT", *pairs], START, END)


def test_progress_names_bars_pages_speed_and_what_is_left(serve, tape, database, monkeypatch) -> None:
    monkeypatch.setattr("okx_services.ingest.candle_fetch.SAY_EVERY_SECONDS", 0.0)
    monkeypatch.setattr("okx_services.ingest.candle_fetch.FLUSH_ROWS", 900)
    said: list[str] = []
    with serve(tape, NOW) as (_, client):
        CandleFetch(CandleStore(database), client, "okx", said.append).run(PAIRS, START, END)
    assert said[-1].startswith("10,899 of 10,899 bars, ")
    assert "about 0 s left" in said[-1]
    assert " pages at " in said[0]


def test_quarter_hours_are_stored_in_a_table_of_their_own(serve, tape, database) -> None:
    start = END - 400 * HOUR
    with serve(tape, NOW) as (_, client):
        report = CandleFetch(CandleStore(database, "15m"), client, "okx").run(PAIRS, start, END)
    assert report.rows == report.written == len(PAIRS) * 1600
    assert database.scalar("select count(*) from market.candles_1h") == 0
    hours = database.frame(
        "select pair, date_trunc('hour', timestamp_utc) as timestamp_utc, max(high) as high, min(low) as low "
        "from market.candles_15m group by 1, 2 order by 1, 2"
    )
    wanted = rows_of_tape(tape, start, END)
    np.testing.assert_allclose(
        hours[["high", "low"]].to_numpy(), wanted[["high", "low"]].to_numpy(), rtol=1e-9
    )


def test_ten_years_are_served_and_stored_without_a_seam(serve, database) -> None:
    tape, now = SyntheticTape(("BTC-USDT",)), datetime(2030, 1, 1, 0, 30, tzinfo=UTC)
    start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
    with serve(tape, now) as (_, client):
        report = CandleFetch(CandleStore(database), client, "okx").run(tape.pairs, start, end)
    assert report.rows == (end - start) // HOUR
    assert report.pages <= 1 + report.rows / 300 + 1
    assert_equals_tape(database, tape, start, end)
