"""Missing bars are asked for again, and in the end the ledger says why they stay missing."""

from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from okx_services.ingest.candle_fetch import CandleFetch
from okx_services.ingest.gap_repair import repair_gaps
from okx_simulator.tape.bars import Bars, Tape
from okx_simulator.tape.synthetic import SyntheticTape
from resources.market.candle_store import CandleStore
from resources.market.gap_ledger import GapLedger

PAIRS = ("BTC-USDT", "ETH-USDT", "ATOM-USDT")
START, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
OUTAGE = {50, 51, 52, 53}


class Holed:
    """A tape that lacks some hours, counted from START, of some pairs."""

    def __init__(self, tape: Tape, holes: Mapping[str, Set[int]]) -> None:
        self._tape = tape
        self.pairs, self.start_hour, self.end_hour = tape.pairs, tape.start_hour, tape.end_hour
        self.seed, self.comovement = tape.seed, tape.comovement
        first = int(START.timestamp()) // 3600
        self.holes = {pair: {first + hour for hour in hours} for pair, hours in holes.items()}

    def bars(self, pair: str, end_hour: int) -> Bars:
        bars = self._tape.bars(pair, end_hour)
        kept = ~np.isin(bars.hours, list(self.holes.get(pair, ())))
        return Bars(bars.hours[kept], *(column[kept] for column in bars.values()))

    def walked_share(self, pair: str) -> float:
        return self._tape.walked_share(pair)

    def last_hour(self, pair: str) -> int | None:
        return self._tape.last_hour(pair)

    def describe(self) -> dict[str, object]:
        return self._tape.describe()


@pytest.fixture
def tape() -> Holed:
    return Holed(
        SyntheticTape(PAIRS),
        {"BTC-USDT": OUTAGE, "ETH-USDT": OUTAGE | {100}, "ATOM-USDT": OUTAGE | {200, 201}},
    )


def ledger(candles: CandleStore) -> dict[tuple[str, int], tuple[str, str]]:
    rows = candles.database.rows("select * from market.candle_gaps")
    return {
        (row["pair"], (row["timestamp_utc"] - START) // HOUR): (row["state"], row["evidence"]) for row in rows
    }


def backfill(candles: CandleStore, client) -> int:
    CandleFetch(candles, client, "okx").run(PAIRS, START, END)
    return GapLedger(candles).notice(PAIRS, START, END, client.now())


def test_old_gaps_are_classified_after_the_second_ask(serve, tape, database) -> None:
    store = CandleStore(database)
    with serve(tape, NOW) as (_, client):
        assert backfill(store, client) == 3 * len(OUTAGE) + 3
        report = repair_gaps(store, client, "okx")
        assert repair_gaps(store, client, "okx").due == 0
    states = ledger(store)
    assert {states[pair, hour][0] for pair in PAIRS for hour in OUTAGE} == {"never_traded"}
    assert states["BTC-USDT", 50][1] == "no pair has a bar for 4 h: the exchange was down; asked 2 times"
    assert [states[key][0] for key in (("ETH-USDT", 100), ("ATOM-USDT", 200), ("ATOM-USDT", 201))] == [
        "lost"
    ] * 3
    assert states["ETH-USDT", 100][1].startswith("the exchange has no bar; 2 other pairs have theirs")
    assert report.settled == {"never_traded": 12, "lost": 3}


def test_a_bar_that_comes_back_is_refetched(serve, tape, database) -> None:
    store = CandleStore(database)
    with serve(tape, NOW) as (_, client):
        backfill(store, client)
        tape.holes["ETH-USDT"].clear()
        report = repair_gaps(store, client, "okx")
    assert report.refetched == len(OUTAGE) + 1
    assert ("ETH-USDT", START + 100 * HOUR) in report.found
    assert ledger(store)["ETH-USDT", 100] == ("refetched", "fetched from okx")


def test_a_young_gap_stays_open_until_it_is_a_day_old(serve, tape, database) -> None:
    store = CandleStore(database)
    end = START + 53 * HOUR
    with serve(tape, end) as (exchange, client):
        CandleFetch(store, client, "okx").run(PAIRS, START, end)
        GapLedger(store).notice(PAIRS, START, end, client.now())
        assert repair_gaps(store, client, "okx").due == 0
        set_clock(exchange, end + timedelta(minutes=6))
        client.server_time()
        report = repair_gaps(store, client, "okx")
        assert (report.due, report.still_open) == (9, 9)
    assert set(ledger(store).values()) == {("open", "asked 2 times, absent")}


def set_clock(exchange, now: datetime) -> None:
    from okx_simulator.protocol.clock import fixed

    exchange.clock.set(fixed(int(now.timestamp() * 1000)))


def test_a_pair_that_has_been_delisted_since_is_classified_too(serve, tape, database) -> None:
    store = CandleStore(database)
    with serve(tape, NOW) as (_exchange, client):
        backfill(store, client)
        database.execute("update market.candle_gaps set pair = 'GONE-USDT' where pair = 'ETH-USDT'")
        repair_gaps(store, client, "okx")
    state, evidence = ledger(store)["GONE-USDT", 100]
    assert state == "lost"
    assert "51001" in evidence


def test_a_single_pair_is_no_witness_of_an_outage(serve, tape, database) -> None:
    store = CandleStore(database)
    with serve(tape, NOW) as (_, client):
        CandleFetch(store, client, "okx").run(["BTC-USDT"], START, END)
        GapLedger(store).notice(["BTC-USDT"], START, END, client.now())
        repair_gaps(store, client, "okx")
    assert {state for state, _ in ledger(store).values()} == {"lost"}
    assert {"too few pairs are known" in words for _, words in ledger(store).values()} == {True}
