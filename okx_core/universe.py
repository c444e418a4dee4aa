"""Which instruments qualify for trading."""

import math
from dataclasses import dataclass

from okx_core.instruments import Instrument


@dataclass(frozen=True)
class UniverseFilter:
    """Quote currency and the least turnover, in quote units, of the day before."""

    quote_currency: str
    min_turnover_quote: float


def objection(instrument: Instrument, turnover_24h_quote: float | None, rules: UniverseFilter) -> str:
    """Why the pair may not be traded, empty when it may. Unknown turnover is an objection."""
    if instrument.quote != rules.quote_currency:
        return f"quote {instrument.quote} is not {rules.quote_currency}"
    if not instrument.is_live:
        return f"state {instrument.state}"
    if turnover_24h_quote is None or math.isnan(turnover_24h_quote):
        return "turnover of the day before is unknown"
    if turnover_24h_quote < rules.min_turnover_quote:
        return f"turnover {turnover_24h_quote:.0f} < {rules.min_turnover_quote:.0f}"
    return ""
