"""Which pairs a window of candles is fetched for."""

from datetime import UTC, date, datetime

import pytest

from okx_core.hours import HOUR
from okx_services.ingest.candle_window import UnknownUniverseError, known_pairs

NOON = datetime(2026, 8, 9, 12, 30, tzinfo=UTC)


class TestKnownPairs:
    @staticmethod
    def list_pairs(database, rows: list[tuple[date, str, str]]) -> None:
        for day, pair, state in rows:
            database.execute(
                "insert into market.universe (day, pair, state, tick_size, lot_size, min_size, enabled, reason, "
                "risk_multiplier, observed_at) values ($1, $2, $3, 1, 1, 1, true, '', 1, now())",
                (day, pair, state),
            )

    def test_live_pairs_of_the_windows_days_and_the_last_known_day_before(self, database) -> None:
        self.list_pairs(
            database,
            [
                (date(2026, 8, 1), "OLD-USDT", "live"),
                (date(2026, 8, 8), "A-USDT", "live"),
                (date(2026, 8, 8), "S-USDT", "suspend"),
                (date(2026, 8, 10), "B-USDT", "live"),
                (date(2026, 8, 12), "FUTURE-USDT", "live"),
            ],
        )
        assert known_pairs(database, NOON, NOON + HOUR) == ["A-USDT"]
        assert known_pairs(database, NOON, NOON + 24 * HOUR) == ["A-USDT", "B-USDT"]

    def test_an_empty_universe_says_what_to_materialise(self, database) -> None:
        with pytest.raises(UnknownUniverseError, match="materialise market/universe for that day first"):
            known_pairs(database, NOON, NOON + HOUR)
