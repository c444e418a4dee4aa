"""Which pairs may be traded, and why not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from okx_core.instruments import Instrument
from okx_core.universe import UniverseFilter, objection

RULES = UniverseFilter("USDT", 1_000_000.0)
SOL = Instrument("SOL-USDT", "SOL", "USDT", Decimal("0.01"), Decimal("0.001"), Decimal("0.01"), None, "live")


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
    ],
)
def test_a_pair_qualifies_by_quote_state_and_known_turnover(
    instrument: Instrument, turnover: float | None, reason: str
) -> None:
    assert objection(instrument, turnover, RULES) == reason
