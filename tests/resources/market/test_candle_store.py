"""One path for every candle: nothing known is lost, changes are kept, gaps are closed, bad rows set aside."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from resources.market.candle_store import CandleStore, Fetched
from resources.market.gap_ledger import Attempt, GapLedger
from resources.postgres.database import Database

T0 = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
VALUES = ["open", "high", "low", "close", "volume", "quote_volume"]


def bars(
    hours: Iterable[int], close: float = 10.0, pair: str = "A-USDT", turnover: float = 10.0
) -> pd.DataFrame:
    opens = pd.DatetimeIndex([T0 + hour * HOUR for hour in hours], tz="UTC").as_unit("us")
    prices = {"open": 10.0, "high": max(close, 10.0), "low": min(close, 10.0), "close": close}
    frame = pd.DataFrame({"pair": pair, "timestamp_utc": opens})
    return frame.assign(**prices, volume=1.0, quote_volume=turnover)


def none() -> pd.DataFrame:
    return bars([]).assign(reason="")


@pytest.fixture
def store(database: Database) -> CandleStore:
    return CandleStore(database)


def stored(store: CandleStore) -> list[tuple[int, float, int]]:
    rows = store.database.rows(f"select * from {store.table} order by pair, timestamp_utc")
    return [((row["timestamp_utc"] - T0) // HOUR, row["close"], row["revision"]) for row in rows]


class TestRecord:
    def test_new_bars_are_written_once_and_the_same_ones_change_nothing(self, store: CandleStore) -> None:
        assert store.record(bars([0, 1, 2]), none(), "okx", NOW).written == 3
        again = store.record(bars([1, 2, 3]), none(), "later", NOW + HOUR)
        assert again.written == 1
        assert again.revised.empty
        sources = store.database.rows("select source from market.candles_1h order by timestamp_utc")
        assert [row["source"] for row in sources] == ["okx", "okx", "okx", "later"]

    def test_a_revised_bar_keeps_its_old_version(self, store: CandleStore) -> None:
        store.record(bars([0, 1]), none(), "stream", NOW)
        revised = store.record(bars([1], close=11.0), none(), "okx", NOW + HOUR).revised
        store.record(bars([1], close=12.0), none(), "okx", NOW + 2 * HOUR)
        assert revised["timestamp_utc"].tolist() == [pd.Timestamp(T0 + HOUR)]
        assert stored(store) == [(0, 10.0, 0), (1, 12.0, 2)]
        old = store.database.rows("select * from market.candle_revisions order by revision")
        assert [(row["close"], row["revision"], row["source"]) for row in old] == [
            (10.0, 0, "stream"),
            (11.0, 1, "okx"),
        ]
        assert [row["replaced_at"] for row in old] == [NOW + HOUR, NOW + 2 * HOUR]

    def test_a_source_that_does_not_decide_adds_but_corrects_nothing(self, store: CandleStore) -> None:
        store.record(bars([0, 1]), none(), "okx", NOW)
        pushed = store.record(bars([1, 2], close=11.0), none(), "stream", NOW, only_new=True)
        assert [pushed.written, len(pushed.revised)] == [1, 0]
        assert stored(store) == [(0, 10.0, 0), (1, 10.0, 0), (2, 11.0, 0)]

    def test_an_unknown_turnover_that_stays_unknown_is_no_revision(self, store: CandleStore) -> None:
        store.record(bars([0], turnover=np.nan), none(), "okx", NOW)
        assert store.record(bars([0], turnover=np.nan), none(), "okx", NOW).written == 0
        assert store.record(bars([0], turnover=7.0), none(), "okx", NOW).written == 1
        assert store.database.scalar("select quote_volume from market.candle_revisions") is None

    def test_a_bad_row_is_kept_once_with_its_reason(self, store: CandleStore) -> None:
        bad = bars([5], close=np.nan).assign(reason="close is not a number")
        for _ in range(3):
            store.record(bars([0]), bad, "okx", NOW)
        kept = store.database.rows("select * from market.rejected_rows")
        assert len(kept) == 1
        assert kept[0]["reason"] == "close is not a number"
        assert '"close": "nan"' in kept[0]["payload"]

    def test_a_failing_batch_changes_nothing(self, store: CandleStore) -> None:
        store.record(bars([0]), none(), "okx", NOW)
        before = stored(store)
        impossible = bars([1, 2]).assign(low=20.0)
        with pytest.raises(Exception, match="check constraint"):
            store.record(impossible, none(), "okx", NOW, [Fetched("A-USDT", T0, NOW)])
        assert stored(store) == before
        assert store.fetched(["A-USDT"], NOW) == {}

    def test_a_bar_size_without_a_table_is_refused(self, database: Database) -> None:
        with pytest.raises(OkxSignalError, match="'3m'; use 1h or 15m"):
            CandleStore(database, "3m")


class TestUnfinishedFetch:
    def test_what_is_stored_grows_towards_the_past(self, store: CandleStore) -> None:
        end = T0 + 9 * HOUR
        for start in (T0 + 6 * HOUR, T0 + 3 * HOUR):
            store.record(bars([]), none(), "okx", NOW, [Fetched("A-USDT", start, end)])
        assert store.fetched(["A-USDT", "B-USDT"], NOW) == {"A-USDT": [(T0 + 3 * HOUR, end)]}

    def test_a_day_later_it_is_not_trusted_any_more(self, store: CandleStore) -> None:
        store.record(bars([]), none(), "okx", NOW, [Fetched("A-USDT", T0, NOW)])
        assert store.fetched(["A-USDT"], NOW + 24 * HOUR) == {}

    def test_a_complete_fetch_is_forgotten(self, store: CandleStore) -> None:
        store.record(bars([]), none(), "okx", NOW, [Fetched("A-USDT", T0, NOW), Fetched("B-USDT", T0, NOW)])
        store.forget_fetched(["A-USDT"], T0, NOW)
        assert list(store.fetched(["A-USDT", "B-USDT"], NOW)) == ["B-USDT"]


class TestGapLedger:
    def gaps(self, store: CandleStore) -> list[tuple[str, int, str]]:
        rows = store.database.rows("select * from market.candle_gaps order by pair, timestamp_utc")
        return [(row["pair"], (row["timestamp_utc"] - T0) // HOUR, row["state"]) for row in rows]

    def test_holes_are_found_inside_at_the_edge_and_at_the_end(self, store: CandleStore) -> None:
        store.record(bars([0, 5, 6, 8]), none(), "okx", NOW)
        store.record(bars([7, 8, 9], pair="B-USDT"), none(), "okx", NOW)
        ledger = GapLedger(store)
        assert ledger.notice(["A-USDT", "B-USDT", "C-USDT"], T0 + 3 * HOUR, T0 + 10 * HOUR, NOW) == 4
        assert self.gaps(store) == [("A-USDT", hour, "open") for hour in (3, 4, 7, 9)]
        assert ledger.notice(["A-USDT"], T0 + 3 * HOUR, T0 + 10 * HOUR, NOW) == 0

    def test_hours_between_the_listing_and_the_first_bar_are_missing_too(self, store: CandleStore) -> None:
        store.record(bars([5, 6]), none(), "okx", NOW)
        listed = {"A-USDT": T0 + timedelta(hours=2, minutes=10), "B-USDT": T0 - 99 * HOUR, "C-USDT": NOW}
        ledger = GapLedger(store)
        ledger.notice(["A-USDT", "B-USDT", "C-USDT"], T0 + HOUR, T0 + 7 * HOUR, NOW, listed=listed)
        found = self.gaps(store)
        assert [hour for pair, hour, _ in found if pair == "A-USDT"] == [3, 4]
        assert [hour for pair, hour, _ in found if pair == "B-USDT"] == [1, 2, 3, 4, 5, 6]
        assert [hour for pair, hour, _ in found if pair == "C-USDT"] == []

    def test_a_delisted_pair_has_holes_inside_but_none_after_its_end(self, store: CandleStore) -> None:
        store.record(bars([0, 2]), none(), "okx", NOW)
        assert GapLedger(store).notice(["A-USDT"], T0, T0 + 9 * HOUR, NOW, delisted=["A-USDT"]) == 1
        assert self.gaps(store) == [("A-USDT", 1, "open")]

    def test_a_bar_that_arrives_closes_its_gap_even_when_it_was_given_up(self, store: CandleStore) -> None:
        store.record(bars([0, 3]), none(), "okx", NOW)
        ledger = GapLedger(store)
        ledger.notice(["A-USDT"], T0, T0 + 4 * HOUR, NOW)
        ledger.note([Attempt("A-USDT", T0 + HOUR, "lost", "asked twice")], NOW)
        assert self.gaps(store) == [("A-USDT", 1, "lost"), ("A-USDT", 2, "open")]
        assert store.record(bars([1, 2]), none(), "okx-live", NOW + HOUR).gaps_closed == 2
        assert self.gaps(store) == [("A-USDT", 1, "refetched"), ("A-USDT", 2, "refetched")]
        words = store.database.scalar(
            "select evidence from market.candle_gaps order by timestamp_utc limit 1"
        )
        assert words == "asked twice; fetched from okx-live"
        assert store.changed_between(NOW, NOW + HOUR) == (T0 + HOUR, T0 + 2 * HOUR)
        assert store.changed_between(NOW + HOUR, NOW + 2 * HOUR) is None

    def test_only_due_gaps_are_asked_for(self, store: CandleStore) -> None:
        store.record(bars([0, 2, 190]), none(), "okx", NOW)
        ledger = GapLedger(store)
        noticed = T0 + 192 * HOUR
        ledger.notice(["A-USDT"], T0, T0 + 192 * HOUR, noticed)
        due = [(gap.timestamp_utc - T0) // HOUR for gap in ledger.due(noticed)]
        assert 1 in due
        assert 191 not in due
        later = [(gap.timestamp_utc - T0) // HOUR for gap in ledger.due(noticed + timedelta(minutes=5))]
        assert 191 in later

    def test_the_15_minute_bars_have_a_ledger_of_their_own(self, database: Database) -> None:
        quarters = CandleStore(database, "15m")
        frame = bars([0, 1])
        quarters.record(frame, none(), "okx", NOW)
        assert GapLedger(quarters).notice(["A-USDT"], T0, T0 + 2 * HOUR, NOW) == 6
        assert GapLedger(CandleStore(database)).due(NOW) == []
