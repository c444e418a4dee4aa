"""Signals: the prediction of every pair and hour, the result of every gate, and the model version."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, describe, written
from okx_core.hours import WEEK, newest_closed_hour
from okx_services.reports import signals as report
from okx_services.research.champions import note_champion_moved_by_hand
from okx_services.research.scoring import (
    SIGNALS,
    Scored,
    keep_signals,
    known_in_time,
    new_failures,
    score_window,
)
from okx_services.trading.account_fees import fee_words
from resources.dagster_resources import (
    AlertResource,
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    LimitsResource,
    ModelsResource,
    TrackingResource,
)


@dg.asset(
    key=keys.SIGNALS,
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[keys.FEATURES_1H, keys.PREDICTIONS, keys.CHAMPION, keys.UNIVERSE],
    group_name="signals",
    owners=OWNERS,
    kinds={"python", "postgres", "mlflow"},
    metadata=describe(SIGNALS),
    check_specs=[
        dg.AssetCheckSpec(
            "known_at_decision_time",
            asset=keys.SIGNALS,
            description="Labels and outcomes behind the version of each signal were known when its hour closed.",
            blocking=True,
        ),
        dg.AssetCheckSpec(
            "one_row_per_feature_row",
            asset=keys.SIGNALS,
            description="Every feature row has a signal, with the reason where no model may trade.",
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
    models: ModelsResource,
    alerts: AlertResource,
) -> dg.MaterializeResult:
    """Expected excess and gate results. The newest hour uses @champion, an older one the version of its week."""
    start, end = window_of(context)
    now = exchange.open().now()
    live_hour = newest_closed_hour(now)
    registry, opened = tracking.open(), database.open()
    scored = score_window(
        feature_store.open(), registry, start, end, live_hour, models.max_age_weeks(), limits.decision_rules()
    )
    if scored.asked_champion:
        note_champion_moved_by_hand(opened, scored.champion, now)
    for reason in new_failures(opened, scored, live_hour):
        alerts.send("no model for the newest hour: no position is opened", reason, context.run.run_id)
    rows = keep_signals(opened, scored.rows, start, end)
    late = known_in_time(opened, scored.rows)
    return dg.MaterializeResult(
        metadata=written(
            rows,
            tradable=int(scored.rows["tradable"].sum()),
            fees=fee_words(opened),
            books=report.book_words(scored.rows),
            **(_page(scored) if end - start <= WEEK else {}),  # Dagster keeps a copy per hour of a long run
            models=tables.version_links(
                registry, {version: f"made for {model.week}" for version, model in scored.models.items()}
            ),
            no_model=tables.text("\n".join(f"- {reason}" for reason in scored.reasons)),
            sql=tables.sql(report.SQL),
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="known_at_decision_time", passed=not late, metadata={"late": late[:20]}
            ),
            dg.AssetCheckResult(
                check_name="one_row_per_feature_row",
                passed=rows == scored.feature_rows and (rows > 0 or start < live_hour),
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"feature_rows": scored.feature_rows},
            ),
        ],
    )


def _page(scored: Scored) -> dict[str, object]:
    """The predictions of the newest hour and what the gates rejected."""
    if not len(scored.rows):
        return {"newest_hour": "there are no features of these hours"}
    return {
        "newest_hour": f"{scored.rows['timestamp_utc'].max():%Y-%m-%d %H:%M}",
        "predictions": tables.text(report.signal_table(scored.rows)),
        "rejections": tables.text(report.rejection_table(scored.rows)),
    }
