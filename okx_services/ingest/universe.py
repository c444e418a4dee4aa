"""The universe of each day: instruments of the exchange, their turnover of the day before, and the user's overrides."""

import logging
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd

from okx_core.hours import DAY
from okx_core.market.instruments import Instrument
from okx_core.market.universe import Observation, UniverseFilter, rejection_reason
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError, TransientError
from resources.postgres.database import Database

Row = dict[str, object]
# So many pairs that do not answer are no strange pairs, but an exchange that is out of order; of few pairs a quarter.
MIN_OUTAGE_PAIRS, MAX_OUTAGE_PAIRS = 2, 5

log = logging.getLogger(__name__)


def record_universe(
    database: Database, client: OkxClient, start: datetime, end: datetime, rules: UniverseFilter
) -> list[Row]:
    """Observe the universe of every day of [start, end) and replace the stored days; the rows written."""
    overrides = {row["pair"]: row for row in database.rows("select * from market.pair_settings")}
    rows = observe(client, start, end, rules, overrides)
    database.replace_rows(
        "market.universe", pd.DataFrame(rows), "day >= $1 and day < $2", (start.date(), end.date())
    )
    return rows


def days_without_enabled_pair(rows: list[Row], start: datetime, end: datetime) -> set[date]:
    """Days of [start, end) on which no pair may be traded."""
    wanted = {(start + n * DAY).date() for n in range((end - start).days)}
    return wanted - {row["day"] for row in rows if row["enabled"]}


def observe(
    client: OkxClient,
    start: datetime,
    end: datetime,
    rules: UniverseFilter,
    overrides: dict[str, dict[str, object]],
) -> list[dict[str, object]]:
    """One row per instrument and day of [start, end). Turnover is that of the day before; spread only of now.

    A pair whose candles the exchange refuses is in the universe all the same, rejected with the reason; an error
    that concerns every pair is raised.
    """
    now = client.now()
    instruments = [item for item in client.instruments("SPOT") if item.quote == rules.quote_currency]
    spreads = {ticker.inst_id: ticker.spread_bps for ticker in client.tickers("SPOT")}
    turnovers, refused = _daily_turnovers(client, [item.inst_id for item in instruments], start - DAY, end)
    rows: list[dict[str, object]] = []
    for instrument in instruments:
        turnover = turnovers.get(instrument.inst_id, {})
        override = overrides.get(instrument.inst_id, {})
        for offset in range((end - start).days):
            day = start + offset * DAY
            if instrument.list_time is not None and instrument.list_time > day:
                continue
            current = day <= now < day + DAY
            seen = Observation(
                day,
                turnover.get((day - DAY).date()),
                spreads.get(instrument.inst_id) if current else None,
                spread_is_observable=current,
            )
            # Today's suspension or delisting was not known then; a pair that did not trade has no turnover.
            known = instrument if current else replace(instrument, state="live", delist_time=None)
            row = _row(known, seen, rules, override if current else {}, now)
            rows.append(row | _refusal(row, refused.get(instrument.inst_id, "")))
    return rows


def _refusal(row: Row, error: str) -> Row:
    """What an error of the pair's candles changes in its row."""
    return (
        {"enabled": False, "reason": f"its candles cannot be read: {error}"}
        if error and row["state"] == "live"
        else {}
    )


def _daily_turnovers(
    client: OkxClient, pairs: list[str], start: datetime, end: datetime
) -> tuple[dict[str, dict[date, float]], dict[str, str]]:
    """Turnover of every pair by day, and the errors of the pairs that the exchange refuses.

    A transient error says nothing about its pair, so the pair is asked again at the end. It is raised when many pairs
    have one, or no pair is readable: the exchange is out of order, and what is enabled today is not to depend on it.
    """
    outage = max(MIN_OUTAGE_PAIRS, min(len(pairs) // 4, MAX_OUTAGE_PAIRS))
    turnovers: dict[str, dict[date, float]] = {}
    errors: dict[str, OkxError] = {}
    for asked in (pairs, None):
        for pair in asked or [pair for pair, error in errors.items() if isinstance(error, TransientError)]:
            try:
                turnovers[pair] = _daily_turnover(client, pair, start, end)
                errors.pop(pair, None)
            except OkxError as error:
                log.warning("%s: %s", pair, error)
                errors[pair] = error
                _raise_outage(errors, outage)
    if errors and not turnovers:
        raise next(iter(errors.values()))
    return turnovers, {pair: str(error) for pair, error in errors.items()}


def _raise_outage(errors: dict[str, OkxError], outage: int) -> None:
    transient = [error for error in errors.values() if isinstance(error, TransientError)]
    if len(transient) >= outage:
        raise transient[0]


def _daily_turnover(client: OkxClient, pair: str, start: datetime, end: datetime) -> dict[date, float]:
    bars = client.candles(pair, "1Dutc", start, end)
    return {
        moment.astimezone(UTC).date(): float(value)
        for moment, value in zip(bars["timestamp_utc"], bars["quote_volume"], strict=True)
        if pd.notna(value)
    }


def _row(
    instrument: Instrument, seen: Observation, rules: UniverseFilter, override: dict[str, object], now: datetime,
) -> dict[str, object]:  # fmt: skip
    reason = rejection_reason(instrument, seen, rules)
    if not reason and not override.get("enabled", True):
        reason = "disabled by the user in market.pair_settings"
    return {
        "day": seen.day.date(),
        "pair": instrument.inst_id,
        "state": instrument.state,
        "listed_at": instrument.list_time,
        "delisted_at": instrument.delist_time,
        "inst_type": "SPOT",
        "tick_size": Decimal(instrument.tick),
        "lot_size": Decimal(instrument.lot),
        "min_size": Decimal(instrument.min_size),
        "turnover_24h_quote": seen.turnover_24h_quote,
        "spread_bps": seen.spread_bps,
        "enabled": not reason,
        "reason": reason,
        "risk_multiplier": float(override.get("risk_multiplier", 1.0)),  # type: ignore[arg-type]
        "observed_at": now,
    }
