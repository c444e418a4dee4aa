"""Signals: the prediction of every pair and hour, the result of every gate, and the model version."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, describe, written
from okx_core.hours import WEEK, newest_closed_hour
from okx_services.reports import signals as report
from okx_services.research.scoring import SIGNALS, Scored, score_window
from resources.dagster_resources import (
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    LimitsResource,
    TrackingResource,
)


@dg.asset(
    key=keys.SIGNALS,
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[keys.FEATURES_1H, keys.CHAMPION, keys.UNIVERSE],
    group_name="signals",
    owners=OWNERS,
    kinds={"python", "postgres", "mlflow"},
    metadata=describe(SIGNALS),
    check_specs=[
        dg.AssetCheckSpec(
            "known_at_decision_time",
            asset=keys.SIGNALS,
            description="No signal comes from a model that was trained for a later week.",
            blocking=True,
        ),
        dg.AssetCheckSpec(
            "one_row_per_feature_row",
            asset=keys.SIGNALS,
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
    limits: LimitsResource,
) -> dg.MaterializeResult:
    """Predictions and gate results. The newest hour uses @champion, an older one the version of its week."""
    start, end = window_of(context)
    live_hour = newest_closed_hour(exchange.open().now())
    registry = tracking.open()
    scored = score_window(feature_store.open(), registry, start, end, live_hour, limits.decision_rules())
    rows = database.open().replace_window(SIGNALS, scored.rows, start, end)
    return dg.MaterializeResult(
        metadata=written(
            rows,
            tradable=int(scored.rows["tradable"].sum()),
            **(_page(scored) if end - start <= WEEK else {}),  # Dagster keeps a copy per hour of a long run
            models=tables.version_links(
                registry, {version: model.algorithm for version, model in scored.models.items()}
            ),
            sql=tables.sql(report.SQL),
        ),
        check_results=[
            dg.AssetCheckResult(check_name="known_at_decision_time", passed=scored.known_in_time()),
            dg.AssetCheckResult(
                check_name="one_row_per_feature_row",
                passed=rows == scored.rows_with_model and (rows > 0 or start < live_hour),
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"rows_without_model": scored.rows_without_model},
            ),
        ],
    )


def _page(scored: Scored) -> dict[str, object]:
    """The predictions of the newest hour and what the gates rejected."""
    if not len(scored.rows):
        return {"newest_hour": "no model version has passed the promotion gate: see ml/champion"}
    return {
        "newest_hour": f"{scored.rows['timestamp_utc'].max():%Y-%m-%d %H:%M}",
        "predictions": tables.text(report.signal_table(scored.rows)),
        "rejections": tables.text(report.rejection_table(scored.rows)),
    }
