"""Explanations: the features that set a traded or nearly traded pair apart from the others of its hour."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, describe, written
from okx_services.reports.explanations import explanation_table
from okx_services.research.evaluation.explanations import TABLE, explain_hours
from resources.dagster_resources import DatabaseResource, FeatureStoreResource, TrackingResource

SQL = f"select * from {TABLE}\nwhere timestamp_utc = (select max(timestamp_utc) from {TABLE})\norder by pair, place"  # noqa: S608


@dg.asset(
    key=keys.EXPLANATIONS,
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[keys.SIGNALS],
    group_name="signals",
    owners=OWNERS,
    kinds={"python", "postgres", "mlflow"},
    metadata=describe(TABLE),
    check_specs=[
        dg.AssetCheckSpec(
            "adds_up_to_the_score",
            asset=keys.EXPLANATIONS,
            description="Contributions of each member add up to the score that was stored when the hour was decided.",
        )
    ],
)
def explanations(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
) -> dg.MaterializeResult:
    """SHAP values of the members, ten per pair and hour, after the orders of the hour; shown at the signals too."""
    start, end = window_of(context)
    found = explain_hours(feature_store.open(), tracking.open(), start, end)
    rows = database.open().replace_window(TABLE, found.rows, start, end)
    shown = tables.text(explanation_table(found.rows), "no signal of these hours was nearly traded")
    context.log_event(
        dg.AssetObservation(
            asset_key=keys.SIGNALS, metadata={"explanations": shown}, partition=context.partition_keys[-1]
        )
    )
    return dg.MaterializeResult(
        metadata=written(
            rows,
            explanations=shown,
            failures=tables.text("\n".join(found.failures)),
            sql=tables.sql(SQL),
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="adds_up_to_the_score",
                passed=not found.differing and not found.failures,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"differing": list(found.differing[:20])},
            )
        ],
    )
