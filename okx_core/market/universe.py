"""Which instruments qualify for trading."""

import math
from dataclasses import dataclass
from datetime import datetime

from okx_core.market.instruments import Instrument


@dataclass(frozen=True)
class UniverseFilter:
    """Conditions for trading a pair: its quote, turnover of the day before, age and spread.

    Turnover in quote units; age in days since the listing; the widest spread in basis points of mid. A limit
    of None is none.
    """

    quote_currency: str
    min_turnover_quote: float
    min_age_days: float = 0.0
    max_spread_bps: float | None = None


@dataclass(frozen=True)
class Observation:
    """A pair as a day begins. None is unknown; a past day's spread is never known."""

    day: datetime
    turnover_24h_quote: float | None
    spread_bps: float | None = None
    spread_is_observable: bool = True


def rejection_reason(instrument: Instrument, seen: Observation, rules: UniverseFilter) -> str:
    """Why the pair may not be traded, empty when it may. An unknown that a rule asks for is a rejection reason."""
    if instrument.quote != rules.quote_currency:
        return f"quote {instrument.quote} is not {rules.quote_currency}"
    if not instrument.is_live:
        return f"state {instrument.state}"
    if instrument.delist_time is not None:
        return f"to be delisted on {instrument.delist_time:%Y-%m-%d %H:%M}"
    turnover = seen.turnover_24h_quote
    if turnover is None or math.isnan(turnover):
        return "turnover of the day before is unknown"
    if turnover < rules.min_turnover_quote:
        return f"turnover {turnover:.0f} < {rules.min_turnover_quote:.0f}"
    return _too_young(instrument, seen, rules) or _too_wide(seen, rules)


def _too_young(instrument: Instrument, seen: Observation, rules: UniverseFilter) -> str:
    if rules.min_age_days <= 0:
        return ""
    if instrument.list_time is None:
        return "age is unknown"
    age = (seen.day - instrument.list_time).total_seconds() / 86_400
    return f"listed {age:.1f} days ago, fewer than {rules.min_age_days:g}" if age < rules.min_age_days else ""


def _too_wide(seen: Observation, rules: UniverseFilter) -> str:
    if rules.max_spread_bps is None or not seen.spread_is_observable:
        return ""
    if seen.spread_bps is None:
        return "spread is unknown"
    return (
        f"spread {seen.spread_bps:.1f} bps > {rules.max_spread_bps:g}"
        if seen.spread_bps > rules.max_spread_bps
        else ""
    )
