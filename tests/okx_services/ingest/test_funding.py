"""Funding payments as they are stored, and the feature that is made of them."""

from datetime import UTC, datetime, timedelta

import pytest

from okx_core.features.registry import FEATURES
from okx_services.ingest.candle_fetch import CandleFetch
from okx_services.ingest.funding import record_funding
from okx_simulator.market.funding import period_ms
from okx_simulator.protocol.swaps import swap_of
from okx_simulator.tape.synthetic import SyntheticTape
from resources.market.candle_frames import candle_set
from resources.market.candle_store import CandleStore
from resources.okx.errors import PermanentError

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 3, 5, 12, 1, tzinfo=UTC)
END = NOW.replace(minute=0)
PAIRS = tuple(f"P{number:02}-USDT" for number in range(12))
FEATURE = [feature for feature in FEATURES if feature.name == "hours_to_funding"]
INTERVALS = {pair: period_ms(swap_of(pair), int(NOW.timestamp() * 1000)) // 3_600_000 for pair in PAIRS}


@pytest.fixture(scope="module")
def tape() -> SyntheticTape:
    return SyntheticTape(PAIRS)


@pytest.fixture
def universe(database):
    """A database in which every pair is live."""
    database.execute(
        "insert into market.universe (day, pair, state, tick_size, lot_size, min_size, enabled, reason, "
        "risk_multiplier, observed_at) select $1::date, pair, 'live', 0.01, 0.01, 0.01, true, '', 1, now() "
        "from unnest(string_to_array($2, ',')) as pair",
        (END.date() - 30 * DAY, ",".join(PAIRS)),
    )
    return database


def stored(database) -> dict[str, list[datetime]]:
    rows = database.rows("select pair, timestamp_utc from market.funding_rates order by pair, timestamp_utc")
    found: dict[str, list[datetime]] = {}
    for row in rows:
        found.setdefault(row["pair"], []).append(row["timestamp_utc"])
    return found


def test_some_swaps_of_this_exchange_are_paid_every_four_hours() -> None:
    assert set(INTERVALS.values()) == {4, 8}


def test_a_window_holds_the_payments_after_its_start_until_its_end(universe, tape, serve) -> None:
    with serve(tape, NOW) as (_, client):
        observed = record_funding(universe, client, END - 12 * HOUR, END - 4 * HOUR, "test")
    assert (observed.pairs, observed.complete) == (len(PAIRS), True)
    expected = {4: [END - 8 * HOUR, END - 4 * HOUR], 8: [END - 4 * HOUR]}
    assert stored(universe) == {swap_of(pair): expected[INTERVALS[pair]] for pair in PAIRS}


def test_the_hour_that_closed_last_takes_one_request_and_holds_the_payment_at_its_close(
    universe, tape, serve, monkeypatch
) -> None:
    with serve(tape, NOW) as (_, client):
        read, asked = client._transport.read, []
        monkeypatch.setattr(client._transport, "read", lambda call: asked.append(call.path) or read(call))
        observed = record_funding(universe, client, END - HOUR, END, "test")
    assert observed.rows == len(PAIRS)
    assert [path for path in asked if "funding" in path] == ["/public/funding-rate"]
    expected = {4: [END], 8: [END - 4 * HOUR]}
    assert stored(universe) == {swap_of(pair): expected[INTERVALS[pair]] for pair in PAIRS}


def test_live_and_later_the_same_rates_are_stored(universe, tape, serve) -> None:
    rates = "select pair, timestamp_utc, rate, realized_rate from market.funding_rates order by pair"
    with serve(tape, NOW) as (_, client):
        record_funding(universe, client, END - HOUR, END, "test")
        live = universe.rows(rates)
        universe.execute("delete from market.funding_rates")
        record_funding(universe, client, END - 5 * HOUR, END, "test")
        later = {(row["pair"], row["timestamp_utc"]): row for row in universe.rows(rates)}
    assert all(later[row["pair"], row["timestamp_utc"]] == row for row in live)


def test_a_swap_whose_last_rate_is_unknown_is_asked_for_it(universe, tape, serve, monkeypatch) -> None:
    with serve(tape, NOW) as (_, client):
        read = client._transport.read

        def change(call):
            rows = read(call)
            if call.path != "/public/funding-rate":
                return rows
            return [
                row | {"settFundingRate": ""} if row["instId"] == swap_of(PAIRS[0]) else row for row in rows
            ]

        monkeypatch.setattr(client._transport, "read", change)
        observed = record_funding(universe, client, END - HOUR, END, "test")
    assert (observed.rows, observed.complete) == (len(PAIRS), True)
    assert set(stored(universe)) == {swap_of(pair) for pair in PAIRS}


def test_an_exchange_without_funding_is_reported_and_stops_no_hour(
    universe, tape, serve, monkeypatch
) -> None:
    with serve(tape, NOW) as (_, client):
        read = client._transport.read

        def refuse(call):
            if "funding" in call.path:
                raise PermanentError(f"GET {call.path}", "Service unavailable", "50001")
            return read(call)

        monkeypatch.setattr(client._transport, "read", refuse)
        for start in (END - HOUR, END - 5 * HOUR):
            observed = record_funding(universe, client, start, END, "test")
            assert (observed.rows, observed.complete) == (0, False)
            assert "50001" in str(observed.failed)
    assert stored(universe) == {}


def test_the_stored_payments_of_a_swap_are_those_of_its_spot_pair(universe, tape, serve) -> None:
    start = END - 30 * HOUR
    with serve(tape, NOW) as (_, client):
        record_funding(universe, client, start - 3 * DAY, END, "test")
        CandleFetch(CandleStore(universe), client, "test").run(list(PAIRS), start, END)
    rows = candle_set(universe, start, END).features(start, END, FEATURE)
    for pair, part in rows.groupby("pair"):
        hours = INTERVALS[str(pair)]
        closes = part["timestamp_utc"].dt.hour + 1
        assert (part["hours_to_funding"] == hours - closes % hours).all()
    few = candle_set(universe, start, END, PAIRS[:2])
    assert set(few.funding["pair"]) == set(PAIRS[:2])


def test_a_row_is_the_same_whether_read_alone_or_with_a_month(universe, tape, serve) -> None:
    with serve(tape, NOW) as (_, client):
        record_funding(universe, client, END - 20 * DAY, END, "test")
        CandleFetch(CandleStore(universe), client, "test").run(list(PAIRS), END - 20 * DAY, END)
    month = candle_set(universe, END - 20 * DAY, END).features(END - 20 * DAY, END, FEATURE)
    hour = candle_set(universe, END - HOUR, END).features(END - HOUR, END, FEATURE)
    newest = month[month["timestamp_utc"] == END - HOUR].reset_index(drop=True)
    assert newest.equals(hour)
