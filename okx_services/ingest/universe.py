"""The universe of each day: instruments of the exchange, their turnover of the day before, and the user's overrides."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pandas as pd

from okx_core.hours import DAY
from okx_core.market.instruments import Instrument
from okx_core.market.universe import Observation, UniverseFilter, rejection_reason
from resources.okx.client import OkxClient
from resources.postgres.database import Database

Row = dict[str, object]


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
    """One row per instrument and day of [start, end). Turnover is that of the day before; spread only of now."""
    now = client.now()
    instruments = [item for item in client.instruments("SPOT") if item.quote == rules.quote_currency]
    spreads = {ticker.inst_id: ticker.spread_bps for ticker in client.tickers("SPOT")}
    rows: list[dict[str, object]] = []
    for instrument in instruments:
        turnover = _daily_turnover(client, instrument.inst_id, start - DAY, end)
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
            rows.append(_row(known, seen, rules, override if current else {}, now))
    return rows


def _daily_turnover(client: OkxClient, pair: str, start: datetime, end: datetime) -> dict[date, float]:
    bars = client.candles(pair, "1Dutc", start, end)
    return {
        moment.astimezone(UTC).date(): float(value)
        for moment, value in zip(bars["timestamp_utc"], bars["quote_volume"], strict=True)
        if pd.notna(value)
    }


def _row(
    instrument: Instrument,
    seen: Observation,
    rules: UniverseFilter,
    override: dict[str, object],
    now: datetime,
) -> dict[str, object]:
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
