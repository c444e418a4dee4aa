"""Which pairs exist and may be traded, as known when each day began."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import dagster as dg
import pandas as pd

from okx_assets.partitions import DAILY, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_core.decisions.rules import DecisionRules
from okx_core.market.instruments import Instrument
from okx_core.market.universe import Observation, UniverseFilter, rejection_reason
from resources.dagster_resources import DatabaseResource, ExchangeResource
from resources.okx.client import OkxClient
from resources.okx.rows.market import Ticker

DAY = timedelta(days=1)


@dg.asset(
    key=["market", "universe"],
    partitions_def=DAILY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    group_name="market",
    owners=OWNERS,
    kinds=PYTHON_KINDS,
    metadata=describe("market.universe"),
    check_specs=[
        dg.AssetCheckSpec(
            "has_enabled_pairs",
            asset=["market", "universe"],
            description="Every day of the window has at least one pair that may be traded.",
        )
    ],
)
def universe(
    context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
) -> dg.MaterializeResult:
    """Point-in-time universe: instruments listed before the day, with the turnover of the day before."""
    start, end = window_of(context)
    client, settings = exchange.open(), exchange.settings()
    store = database.open()
    overrides = {row["pair"]: row for row in store.rows("select * from market.pair_settings")}
    rules = UniverseFilter(
        settings.quote_currency,
        settings.min_turnover_quote or DecisionRules().min_turnover_quote,
        settings.min_age_days,
        settings.max_spread_bps,
    )
    rows = observe(client, start, end, rules, overrides)
    frame = pd.DataFrame(rows)
    store.replace_rows("market.universe", frame, "day >= $1 and day < $2", (start.date(), end.date()))
    enabled_days = {row["day"] for row in rows if row["enabled"]}
    wanted = {(start + n * DAY).date() for n in range((end - start).days)}
    return dg.MaterializeResult(
        metadata=written(len(frame), enabled=sum(bool(row["enabled"]) for row in rows)),
        check_results=[
            dg.AssetCheckResult(
                check_name="has_enabled_pairs",
                passed=wanted <= enabled_days,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"days_without": len(wanted - enabled_days)},
            )
        ],
    )


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
    spreads = {ticker.inst_id: _spread_bps(ticker) for ticker in client.tickers("SPOT")}
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


def _spread_bps(ticker: Ticker) -> float | None:
    """Bid-ask spread in basis points of the mid; None when a side is empty."""
    if ticker.bid is None or ticker.ask is None:
        return None
    return float((ticker.ask - ticker.bid) / (ticker.ask + ticker.bid) * 20_000)


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
