"""One strange pair, or one strange row, never stops the others."""

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from okx_core.market.universe import UniverseFilter
from okx_services.ingest import observations
from okx_services.ingest.candle_fetch import CandleFetch
from okx_services.ingest.candle_window import record_window
from okx_services.ingest.universe import observe
from okx_simulator.tape.synthetic import SyntheticTape
from resources.market.candle_store import CandleStore
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError, ParsingError, PermanentError, TransientError
from resources.okx.http.answers import Call
from resources.okx.rows.market import OrderBook, Ticker

PAIRS = tuple(f"P{number:02}-USDT" for number in range(40))
STRANGE = PAIRS[7]
END = datetime(2023, 6, 1, 12, tzinfo=UTC)
NOW = END + timedelta(minutes=20)
TODAY = NOW.replace(hour=0, minute=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = UniverseFilter("USDT", 0.0)
Change = Callable[[Call, list[Any]], list[Any]]


@pytest.fixture(scope="module")
def tape() -> SyntheticTape:
    return SyntheticTape(PAIRS)


@pytest.fixture
def changed(serve, tape, monkeypatch) -> Iterator[Callable[[Change], OkxClient]]:  # type: ignore[no-untyped-def]
    """A client whose answers are changed on their way."""
    with serve(tape, NOW) as (_, client):
        read = client._transport.read

        def through(change: Change) -> OkxClient:
            monkeypatch.setattr(client._transport, "read", lambda call: change(call, read(call)))
            return client

        yield through


def of_candles(change: Callable[[list[Any]], list[Any]], pair: str = STRANGE) -> Change:
    """Change the candles of one pair."""

    def changed(call: Call, rows: list[Any]) -> list[Any]:
        is_meant = "candles" in call.path and call.parameters["instId"] == pair  # type: ignore[call-overload]
        return change([list(row) for row in rows]) if is_meant else rows

    return changed


def failing(error: OkxError, *pairs: str) -> Change:
    def changed(call: Call, rows: list[Any]) -> list[Any]:
        if isinstance(call.parameters, dict) and call.parameters.get("instId") in pairs:
            raise error
        return rows

    return changed


def spoilt(row: int, field: int, value: object) -> Callable[[list[Any]], list[Any]]:
    def change(rows: list[Any]) -> list[Any]:
        if row < len(rows):
            rows[row][field] = value
        return rows

    return change


REFUSED = PermanentError("GET /market/candles", "Instrument ID doesn't exist", "51001")
AWAY = TransientError("GET /market/candles", "cannot connect")


class TestTheUniverse:
    def test_a_pair_that_the_candles_call_refuses_is_rejected_with_the_reason(self, changed) -> None:
        rows = observe(changed(failing(REFUSED, STRANGE)), TODAY - DAY, TODAY + DAY, RULES, {})
        assert len(rows) == 2 * len(PAIRS)
        mine = [row for row in rows if row["pair"] == STRANGE]
        assert [row["enabled"] for row in mine] == [False, False]
        assert all("51001" in str(row["reason"]) for row in mine)
        assert all(row["enabled"] for row in rows if row["pair"] != STRANGE)

    @pytest.mark.parametrize(("bid", "ask"), [("0", "0"), ("", ""), ("0", "5"), ("5", "0")])
    def test_a_pair_without_bid_or_ask_has_no_spread_and_the_others_have_theirs(
        self, changed, bid, ask
    ) -> None:
        def change(call: Call, rows: list[Any]) -> list[Any]:
            if call.path == "/market/tickers":
                return [
                    row | {"bidPx": bid, "askPx": ask} if row["instId"] == STRANGE else row for row in rows
                ]
            return rows

        rows = observe(
            changed(change), TODAY, TODAY + DAY, UniverseFilter("USDT", 0.0, max_spread_bps=1e4), {}
        )
        reasons = {str(row["pair"]): row["reason"] for row in rows}
        assert reasons.pop(STRANGE) == "spread is unknown"
        assert set(reasons.values()) == {""}

    @pytest.mark.parametrize("spoil", [spoilt(0, 7, ""), spoilt(0, 3, "n/a"), lambda rows: [*rows, []]])
    def test_an_unreadable_daily_bar_costs_the_turnover_of_its_day_only(self, changed, spoil) -> None:
        rows = observe(changed(of_candles(spoil)), TODAY - 3 * DAY, TODAY + DAY, RULES, {})
        assert len(rows) == 4 * len(PAIRS)
        assert sum(not row["enabled"] for row in rows) <= 1

    def test_an_exchange_that_refuses_every_pair_is_an_error(self, changed) -> None:
        with pytest.raises(TransientError, match="cannot connect"):
            observe(changed(failing(AWAY, *PAIRS)), TODAY, TODAY + DAY, RULES, {})

    def test_an_outage_that_begins_on_the_way_disables_no_pair(self, changed) -> None:
        with pytest.raises(TransientError, match="cannot connect"):
            observe(changed(failing(AWAY, *PAIRS[1:])), TODAY, TODAY + DAY, RULES, {})

    def test_one_pair_that_never_answers_is_rejected_with_the_reason(self, changed) -> None:
        rows = observe(changed(failing(AWAY, STRANGE)), TODAY, TODAY + DAY, RULES, {})
        assert [row["pair"] for row in rows if not row["enabled"]] == [STRANGE]
        assert any("cannot connect" in str(row["reason"]) for row in rows)

    def test_a_pair_that_answers_at_the_second_time_is_as_the_others(self, changed) -> None:
        refusals = [AWAY]

        def once(call: Call, rows: list[Any]) -> list[Any]:
            if refusals and isinstance(call.parameters, dict) and call.parameters.get("instId") == STRANGE:
                raise refusals.pop()
            return rows

        rows = observe(changed(once), TODAY, TODAY + DAY, RULES, {})
        assert not refusals
        assert all(row["enabled"] for row in rows)

    def test_however_many_pairs_are_refused_first_the_others_are_read(self, changed) -> None:
        *refused, last = sorted(PAIRS)
        rows = observe(changed(failing(REFUSED, *refused)), TODAY, TODAY + DAY, RULES, {})
        assert [row["pair"] for row in rows if row["enabled"]] == [last]


class TestCandles:
    @pytest.mark.parametrize(
        "spoil",
        [spoilt(2, 7, ""), spoilt(2, 4, None), spoilt(2, 1, "NaN"), spoilt(2, 8, "3"), spoilt(2, 5, [])],
        ids=["turnover", "close", "open", "confirm", "volume"],
    )
    def test_one_unreadable_row_is_set_aside_and_every_other_is_stored(
        self, changed, database, spoil
    ) -> None:
        report = CandleFetch(CandleStore(database), changed(of_candles(spoil)), "okx").run(
            PAIRS, END - 5 * HOUR, END
        )
        assert (report.rows, report.rejected, report.refused) == (5 * len(PAIRS) - 1, 1, {})
        (row,) = database.rows("select pair, timestamp_utc, reason, payload, bar from market.rejected_rows")
        assert (row["pair"], row["timestamp_utc"], row["bar"]) == (STRANGE, END - 3 * HOUR, "1h")
        assert row["reason"].startswith("cannot be read: [")
        stored = database.rows(
            "select timestamp_utc from market.candles_1h where pair = $1 order by 1", (STRANGE,)
        )
        assert [item["timestamp_utc"] for item in stored] == [END - n * HOUR for n in (5, 4, 2, 1)]

    def test_its_bar_is_on_the_gap_ledger_and_comes_when_the_row_can_be_read(self, changed, database) -> None:
        observe_today(database, changed(of_candles(lambda rows: rows)))
        window = record_window(
            CandleStore(database),
            changed(of_candles(spoilt(1, 7, ""))),
            "okx",
            END - 4 * HOUR,
            END,
            lambda _: None,
        )
        assert (window.gaps_opened, window.missing) == (1, [])
        gaps = database.rows("select pair, timestamp_utc from market.candle_gaps where state = 'open'")
        assert gaps == [{"pair": STRANGE, "timestamp_utc": END - 2 * HOUR}]
        record_window(
            CandleStore(database), changed(lambda _, rows: rows), "okx", END - 4 * HOUR, END, lambda _: None
        )
        assert database.scalar("select count(*) from market.candle_gaps where state = 'open'") == 0

    @pytest.mark.parametrize("error", [REFUSED, AWAY, ParsingError("GET x", "strange")])
    def test_a_pair_that_fails_is_named_and_every_other_is_stored(self, changed, database, error) -> None:
        client = changed(failing(error, STRANGE))
        report = CandleFetch(CandleStore(database), client, "okx").run(PAIRS, END - 5 * HOUR, END)
        assert list(report.refused) == [STRANGE]
        assert report.rows == 5 * (len(PAIRS) - 1)

    def test_a_page_without_a_readable_time_costs_its_pair_only(self, changed, database) -> None:
        client = changed(of_candles(lambda rows: [["x"] * 9 for _ in rows]))
        report = CandleFetch(CandleStore(database), client, "okx").run(PAIRS, END - 5 * HOUR, END)
        assert list(report.refused) == [STRANGE]
        assert "row 0 is malformed" in report.refused[STRANGE]

    @pytest.mark.parametrize(
        ("error", "pairs"),
        [(AWAY, PAIRS), (AWAY, PAIRS[:6]), (PermanentError("GET x", "no such region", "50119"), PAIRS[:1])],
    )
    def test_an_error_of_the_exchange_is_raised(self, changed, database, error, pairs) -> None:
        with pytest.raises(type(error), match=str(error)[:20]):
            CandleFetch(CandleStore(database), changed(failing(error, *pairs)), "okx").run(
                PAIRS, END - 5 * HOUR, END
            )

    def test_the_client_gives_each_bar_once_and_none_that_contradicts_itself(self, changed, caplog) -> None:
        def change(rows: list[Any]) -> list[Any]:
            contradicting = [*rows[1][:4], str(float(rows[1][4]) * 0.999999), *rows[1][5:]]
            return [
                rows[0],
                rows[0],
                rows[1],
                contradicting,
                *rows[2:],
                rows[-1],
                spoilt(0, 7, "")([[*rows[0]]])[0],
            ]

        bars = changed(of_candles(change)).candles(STRANGE, "1H", END - 6 * HOUR, END)
        assert bars["timestamp_utc"].tolist() == [END - n * HOUR for n in (6, 5, 4, 3, 1)]
        assert "left out: a candle of P07-USDT cannot be read" in caplog.text


def observe_today(database, client: OkxClient) -> None:
    from okx_services.ingest.universe import record_universe

    record_universe(database, client, TODAY - DAY, TODAY + DAY, RULES)


class TestObservations:
    @pytest.mark.parametrize("record", [observations.record_books, observations.record_public_trades])
    def test_a_pair_that_fails_is_named_and_the_others_are_observed(self, changed, database, record) -> None:
        observe_today(database, changed(lambda _, rows: rows))
        observed = record(database, changed(failing(REFUSED, STRANGE)), END - HOUR)
        assert (observed.pairs, observed.complete, list(observed.failed)) == (len(PAIRS), False, [STRANGE])
        assert observed.rows >= len(PAIRS) - 1
        with pytest.raises(OkxError):
            record(database, changed(failing(REFUSED, *PAIRS)), END - HOUR)

    @pytest.mark.parametrize(
        ("asks", "bids"),
        [([["0", "0", "0", "0"]],) * 2, ([], []), ([["0", "1", "0", "1"]], [["5", "1", "0", "1"]])],
    )
    def test_a_book_of_zeros_has_no_prices_and_no_spread(self, asks, bids) -> None:
        book = OrderBook.parse({"asks": asks, "bids": bids, "ts": "1685622000000"})
        row = observations.snapshot(book, NOW)
        assert row["spread_bps"] is None
        assert row["ask"] is None
        assert (row["bid"] is None) == (not bids or bids[0][0] == "0")

    def test_a_ticker_of_zeros_has_no_spread(self) -> None:
        raw = {"instId": "A-USDT", "instType": "SPOT", "ts": "1685622000000"}
        for bid, ask in (("0", "0"), ("0", "3"), ("3", "0"), ("", "3")):
            assert Ticker.parse(raw | {"bidPx": bid, "askPx": ask}).spread_bps is None
        spread = Ticker.parse(raw | {"bidPx": "99", "askPx": "101"}).spread_bps
        assert math.isclose(spread or 0.0, float(Decimal(200)))
