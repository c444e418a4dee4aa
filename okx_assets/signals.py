"""Signals: the prediction of every pair and hour, with every gate's verdict and the model that spoke."""

import math
from datetime import UTC, datetime, timedelta

import dagster as dg
import numpy as np
import pandas as pd

from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, describe, written
from okx_core.decisions.gates import evaluate_gates
from okx_core.decisions.market_state import market_state
from okx_core.decisions.rules import DecisionRules
from okx_core.trading.intents import newest_closed_hour
from resources.dagster_resources import (
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    TrackingResource,
)
from resources.feature_store.sql_window import SqlWindow
from resources.postgres.database import Database
from resources.tracking import MODEL_NAME, LoadedModel, Tracking

FEATURES = "features.features_1h"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
COLUMNS = [
    "pair", "timestamp_utc", "prediction_pct", "confidence", "turnover_24h_quote", "gate_universe", "gate_market",
    "gate_confidence", "gate_fee", "gate_slippage", "gate_liquidity", "tradable", "risk_multiplier",
    "model_name", "model_version", "live",
]  # fmt: skip


@dg.asset(
    key=["trading", "signals"],
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[["features", "features_1h"], ["ml", "champion"], ["market", "universe"]],
    group_name="signals",
    owners=OWNERS,
    kinds={"python", "postgres", "mlflow"},
    metadata=describe("trading.signals"),
    check_specs=[
        dg.AssetCheckSpec(
            "known_at_decision_time",
            asset=["trading", "signals"],
            description="No signal comes from a model that was trained for a later week.",
            blocking=True,
        ),
        dg.AssetCheckSpec(
            "one_row_per_feature_row",
            asset=["trading", "signals"],
            description="Every feature row of an hour with a champion has a signal.",
        ),
    ],
)
def signals(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tracking: TrackingResource,
    exchange: ExchangeResource,
    feature_store: FeatureStoreResource,
) -> dg.MaterializeResult:
    """Predictions and gate verdicts. The newest hour asks @champion, older hours the version of their week."""
    start, end = window_of(context)
    store = database.open()
    live_hour = newest_closed_hour(exchange.open().now())
    features = SqlWindow(feature_store.open(), FEATURES).read(start, end)
    versions = assign_versions(store, tracking.open(), features["timestamp_utc"], live_hour)
    rows_with_model = pd.concat([features, versions.rename("model_version")], axis=1)[versions.notna()]
    rows_with_model = rows_with_model.reset_index(drop=True)
    models = {int(v): tracking.open().load(int(v)) for v in sorted(rows_with_model["model_version"].unique())}
    predicted = predict(rows_with_model, models)
    judged = judge(store, predicted, start, end)
    judged["live"] = judged["timestamp_utc"] == live_hour
    rows = store.replace_window("trading.signals", judged[COLUMNS], start, end)
    return dg.MaterializeResult(
        metadata=written(rows, tradable=int(judged["tradable"].sum()), model_versions=sorted(models)),
        check_results=[
            dg.AssetCheckResult(check_name="known_at_decision_time", passed=_known_in_time(judged, models)),
            dg.AssetCheckResult(
                check_name="one_row_per_feature_row",
                passed=rows == len(rows_with_model) and (rows > 0 or start < live_hour),
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"hours_without_champion": int(len(features) - len(rows_with_model))},
            ),
        ],
    )


def week_of(times: pd.Series) -> pd.Series:
    """The Sunday that began the week in which each bar opened."""
    days = (times.dt.day_of_week + 1) % 7
    sundays: pd.Series = (times.dt.floor("D") - pd.to_timedelta(days, unit="D")).dt.date
    return sundays


def assign_versions(
    database: Database, tracking: Tracking, times: pd.Series, live_hour: datetime
) -> pd.Series:
    """The model version that speaks for each row: its week's champion, or @champion for the live hour."""
    decided = {
        row["week"]: row["model_version"]
        for row in database.rows("select week, model_version from ml.champions")
    }
    versions = week_of(times).map(decided).astype("float64")
    is_live = times == live_hour
    if is_live.any():
        champion = tracking.champion_version()
        versions[is_live] = math.nan if champion is None else champion
    return versions


def predict(rows: pd.DataFrame, models: dict[int, LoadedModel]) -> pd.DataFrame:
    """prediction_pct and confidence per row; confidence is P(return > 0) for normal hold-out errors."""
    prediction = np.full(len(rows), np.nan)
    sigma = np.full(len(rows), np.nan)
    for version, model in models.items():
        mine = (rows["model_version"] == version).to_numpy()
        matrix = rows.loc[mine, list(model.feature_names)].to_numpy(dtype=np.float32)
        prediction[mine] = model.regressor.predict(matrix)
        sigma[mine] = model.sigma_pct
    confidence = [0.5 * (1.0 + math.erf(z / math.sqrt(2.0))) for z in prediction / sigma]
    return rows[["pair", "timestamp_utc", "model_version"]].assign(
        prediction_pct=prediction, confidence=confidence, model_name=MODEL_NAME
    )


def judge(database: Database, predicted: pd.DataFrame, start: datetime, end: datetime) -> pd.DataFrame:
    """Add the universe's and every gate's verdict to the predictions."""
    candles = database.frame(
        "select pair, timestamp_utc, close, volume, quote_volume from market.candles_1h "
        "where timestamp_utc >= $1 and timestamp_utc < $2 order by pair, timestamp_utc",
        (start - DAY, end),
    )
    rows = predicted.merge(market_state(candles), how="left", on=["pair", "timestamp_utc"])
    rows["day"] = (rows["timestamp_utc"] + HOUR).dt.floor("D")
    rows = _with_universe(database, rows)
    judged = evaluate_gates(rows, DecisionRules())
    judged["tradable"] &= judged["gate_universe"] == "pass"
    judged["model_version"] = judged["model_version"].astype("int64")
    return judged.sort_values(["timestamp_utc", "pair"], ignore_index=True)


def _with_universe(database: Database, rows: pd.DataFrame) -> pd.DataFrame:
    """gate_universe and risk_multiplier as of the last universe day that is not after the decision."""
    universe = database.frame(
        "select day, pair, enabled, reason, risk_multiplier from market.universe order by day"
    )
    universe["day"] = pd.to_datetime(universe["day"]).dt.tz_localize(UTC).astype(rows["day"].dtype)
    joined = pd.merge_asof(rows.sort_values("day"), universe, on="day", by="pair")
    known = joined["enabled"].notna()
    reason = joined["reason"].where(known, "not in the universe")
    joined["gate_universe"] = reason.mask(known & joined["enabled"].eq(True), "pass")
    joined["risk_multiplier"] = joined["risk_multiplier"].fillna(0.0)
    return joined


def _known_in_time(rows: pd.DataFrame, models: dict[int, LoadedModel]) -> bool:
    trained_for = rows["model_version"].map(
        {v: datetime.fromisoformat(m.week).date() for v, m in models.items()}
    )
    return bool((trained_for <= week_of(rows["timestamp_utc"])).all())
