"""Predictions: what each member's version in charge says of an hour, kept for good before anything came true."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, STORE_KINDS, describe, written
from okx_services.research.predictions import TABLE, predict_hours
from resources.dagster_resources import FeatureStoreResource, ModelsResource, TrackingResource


@dg.asset(
    key=keys.PREDICTIONS,
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[
        keys.FEATURES_1H,
        dg.AssetDep(keys.MEMBER_MODELS, partition_mapping=dg.LastPartitionMapping()),
    ],
    group_name="models",
    owners=OWNERS,
    kinds={*STORE_KINDS, "mlflow"},
    metadata=describe(TABLE),
    check_specs=[
        dg.AssetCheckSpec(
            "every_member_predicted",
            asset=keys.PREDICTIONS,
            description="Every member with a version has predicted, or the reason why it could not is shown.",
        )
    ],
)
def predictions(
    context: dg.AssetExecutionContext,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """Scores of each member by the version in charge of the hour; an hour that has a row is never written again."""
    start, end = window_of(context)
    done, failures = predict_hours(
        feature_store.open(), tracking.open(), models.members(), start, end, feature_store.sql_start()
    )
    return dg.MaterializeResult(
        metadata=written(
            sum(done.values()), **done, failures=tables.text("\n".join(f"- {reason}" for reason in failures))
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="every_member_predicted",
                passed=not failures,
                severity=dg.AssetCheckSeverity.WARN,
            )
        ],
    )
