"""Models after training: challengers and their predictions, drift, and the weekly comparison. None of it trades."""

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import DAILY, HOURLY, WEEKLY, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, STORE_KINDS, describe, written
from okx_core.models.members import MemberError
from okx_services.reports import lifecycle as report
from okx_services.research.lifecycle.challengers import score_challengers, train_challengers
from okx_services.research.lifecycle.comparison import TABLE as COMPARISON_TABLE
from okx_services.research.lifecycle.comparison import compare_week
from okx_services.research.lifecycle.drift import ENSEMBLE, check_drift
from okx_services.research.lifecycle.drift import TABLE as DRIFT_TABLE
from okx_services.research.member_training import IncompleteHistoryError, TooFewPairsError
from okx_services.research.members import Training
from okx_services.research.predictions import TABLE as PREDICTIONS_TABLE
from resources.dagster_resources import (
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    ModelsResource,
    TrackingResource,
)
from resources.registry.tracking import TrackingError

GROUP = "models"
OF_MEMBERS = dg.AssetDep(keys.MEMBER_MODELS, partition_mapping=dg.LastPartitionMapping())
OF_FEATURES = dg.AssetDep(keys.FEATURES_1H, partition_mapping=dg.LastPartitionMapping())
OF_PREDICTIONS = dg.AssetDep(keys.PREDICTIONS, partition_mapping=dg.LastPartitionMapping())


@dg.asset(
    key=keys.CHALLENGERS,
    partitions_def=DAILY,
    deps=[OF_MEMBERS, OF_FEATURES],
    group_name=GROUP,
    owners=OWNERS,
    kinds={"python", "mlflow"},
    metadata=describe("ml.model_versions"),
    check_specs=[
        dg.AssetCheckSpec(
            "challengers_known_at_the_date",
            asset=keys.CHALLENGERS,
            description="The newest label that each version of this run was fitted to was known on its day.",
            blocking=True,
        )
    ],
)
def challengers(
    context: dg.AssetExecutionContext, tracking: TrackingResource, feature_store: FeatureStoreResource,
    exchange: ExchangeResource, models: ModelsResource,
) -> dg.MaterializeResult:  # fmt: skip
    """A daily refit of each member in charge, and the week's version of what searches have found. They never trade."""
    day = context.partition_time_window.start.date()
    registry = tracking.open()
    training = Training(
        feature_store.open(), registry, exchange.open().now(), models.retrain_weeks(), context.run.run_id,
        feature_store.sql_start(), context.log.info,
    )  # fmt: skip
    try:
        done = train_challengers(training, day, models.members(), models.challengers())
    except (IncompleteHistoryError, TooFewPairsError, TrackingError, MemberError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    return dg.MaterializeResult(
        metadata=written(len(done.versions), **tables.made(done, registry.version_url)),
        check_results=[
            dg.AssetCheckResult(
                check_name="challengers_known_at_the_date", passed=not done.late, metadata={"late": done.late}
            )
        ],
    )


@dg.asset(
    key=keys.CHALLENGER_PREDICTIONS,
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[
        keys.FEATURES_1H,
        dg.AssetDep(keys.CHALLENGERS, partition_mapping=dg.LastPartitionMapping()),
    ],
    group_name=GROUP,
    owners=OWNERS,
    kinds={*STORE_KINDS, "mlflow"},
    metadata=describe(PREDICTIONS_TABLE),
    check_specs=[
        dg.AssetCheckSpec(
            "every_challenger_predicted",
            asset=keys.CHALLENGER_PREDICTIONS,
            description="Every challenger with a version has predicted, or the reason why it could not is shown.",
        )
    ],
)
def challenger_predictions(
    context: dg.AssetExecutionContext,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """Scores of each challenger, made after the hour's orders, so that they never delay one."""
    start, end = window_of(context)
    done, failures = score_challengers(
        feature_store.open(),
        tracking.open(),
        models.members(),
        start,
        end,
        feature_store.sql_start(),
        models.challengers(),
    )
    return dg.MaterializeResult(
        metadata=written(
            sum(done.values()), **done, failures=tables.text("\n".join(f"- {reason}" for reason in failures))
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="every_challenger_predicted",
                passed=not failures,
                severity=dg.AssetCheckSeverity.WARN,
            )
        ],
    )


@dg.asset(
    key=keys.DRIFT,
    partitions_def=DAILY,
    deps=[OF_MEMBERS, OF_FEATURES, OF_PREDICTIONS],
    group_name=GROUP,
    owners=OWNERS,
    kinds=PYTHON_KINDS,
    metadata=describe(DRIFT_TABLE),
    check_specs=[
        dg.AssetCheckSpec(
            "nothing_has_drifted",
            asset=keys.DRIFT,
            description="Features are like the training rows, and the rank IC is within the band of its record.",
        )
    ],
)
def drift(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
    exchange: ExchangeResource,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """Features of the members in charge against their training rows, and their rank IC against its own record."""
    day = context.partition_time_window.start.date()
    found = check_drift(feature_store.open(), tracking.open(), models.members(), day, exchange.open().now())
    rows = database.open().rows("select * from ml.drift where day = $1 order by model", (day,))
    worst = {row["model"]: row["worst_features"] for row in rows if row["worst_features"]}
    ensemble = next((one for one in found if one.model == ENSEMBLE), None)
    numbers = {} if ensemble is None else {"ic_of_eight_weeks": ensemble.ic.recent}
    plots = (
        {"features": tables.plot("PSI of the features that moved most", report.psi_figure(worst))}
        if worst
        else {}
    )
    return dg.MaterializeResult(
        metadata=written(
            len(rows), drift=tables.text(report.drift_table(rows), "no member has a version"),
            **tables.numbers(numbers), **plots,
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="nothing_has_drifted",
                passed=not any(row["drifted"] for row in rows),
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"drifted": [row["model"] for row in rows if row["drifted"]]},
            )
        ],
    )  # fmt: skip


@dg.asset(
    key=keys.MODEL_COMPARISON,
    partitions_def=WEEKLY,
    deps=[
        keys.CHAMPION,
        OF_PREDICTIONS,
        dg.AssetDep(keys.CHALLENGER_PREDICTIONS, partition_mapping=dg.LastPartitionMapping()),
    ],
    group_name=GROUP,
    owners=OWNERS,
    kinds=PYTHON_KINDS,
    metadata=describe(COMPARISON_TABLE),
    check_specs=[
        dg.AssetCheckSpec(
            "no_challenger_is_better",
            asset=keys.MODEL_COMPARISON,
            description="No challenger is better than the model in charge by more than chance.",
        )
    ],
)
def model_comparison(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    feature_store: FeatureStoreResource,
    exchange: ExchangeResource,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """The ensemble in charge and its challengers on the same hours, after costs: is a switch warranted, how surely?"""
    week = context.partition_time_window.start.date()
    found = compare_week(
        feature_store.open(), models.members(), week, exchange.open().now(), models.challengers()
    )
    rows = database.open().rows(
        "select * from ml.model_comparison where week = $1 order by challenger", (week,)
    )
    series = {name: (one.first_hour, one.excess_pct) for name, one in found.series.items()}
    plots = (
        {"cumulative": tables.plot("Excess after costs", report.excess_figure(series, found.champion))}
        if series
        else {}
    )
    return dg.MaterializeResult(
        metadata=written(
            len(rows), champion=found.champion,
            comparison=tables.text(report.comparison_table(rows), "no challenger has predicted yet"), **plots,
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="no_challenger_is_better",
                passed=not any(row["is_warranted"] for row in rows),
                severity=dg.AssetCheckSeverity.WARN,
            )
        ],
    )  # fmt: skip
