"""Which pairs may be traded, and why not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from okx_core.market.instruments import Instrument
from okx_core.market.universe import Observation, UniverseFilter, rejection_reason

RULES = UniverseFilter("USDT", 1_000_000.0)
SOL = Instrument("SOL-USDT", "SOL", "USDT", Decimal("0.01"), Decimal("0.001"), Decimal("0.01"), None, "live")


DAY = datetime(2026, 3, 1, tzinfo=UTC)
STRICT = UniverseFilter("USDT", 1_000_000.0, min_age_days=30, max_spread_bps=20)
OLD = replace(SOL, list_time=DAY - timedelta(days=30))


@pytest.mark.parametrize(
    ("instrument", "turnover", "reason"),
    [
        (SOL, 1_000_000.0, ""),
        (SOL, 999_999.0, "turnover 999999 < 1000000"),
        (SOL, None, "turnover of the day before is unknown"),
        (SOL, float("nan"), "turnover of the day before is unknown"),
        (replace(SOL, state="suspend"), 1e9, "state suspend"),
        (replace(SOL, state="preopen"), 1e9, "state preopen"),
        (replace(SOL, inst_id="SOL-EUR", quote="EUR"), 1e9, "quote EUR is not USDT"),
        (replace(SOL, delist_time=DAY + timedelta(hours=8)), 1e9, "to be delisted on 2026-03-01 08:00"),
    ],
)
def test_a_pair_qualifies_by_quote_state_and_known_turnover(
    instrument: Instrument, turnover: float | None, reason: str
) -> None:
    assert rejection_reason(instrument, Observation(DAY, turnover), RULES) == reason


@pytest.mark.parametrize(
    ("instrument", "seen", "reason"),
    [
        (OLD, Observation(DAY, 1e9, 20.0), ""),
        (OLD, Observation(DAY, 1e9, 20.1), "spread 20.1 bps > 20"),
        (OLD, Observation(DAY, 1e9, None), "spread is unknown"),
        (OLD, Observation(DAY, 1e9, None, spread_is_observable=False), ""),
        (OLD, Observation(DAY - timedelta(hours=12), 1e9, 1.0), "listed 29.5 days ago, fewer than 30"),
        (SOL, Observation(DAY, 1e9, 1.0), "age is unknown"),
    ],
)
def test_a_pair_may_be_too_young_or_too_dear(instrument: Instrument, seen: Observation, reason: str) -> None:
    assert rejection_reason(instrument, seen, STRICT) == reason
