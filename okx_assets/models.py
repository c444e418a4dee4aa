"""Signal models: one version per week and algorithm, and the weekly decision which one is used."""

from datetime import UTC, date, datetime

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import MODEL_GRID, WEEKLY
from okx_assets.tables import OWNERS, describe, written
from okx_services.reports.figures import decile_figure
from okx_services.reports.models import candidate_table, outcome_words
from okx_services.research.champions import promote_champion
from okx_services.research.training import (
    IncompleteHistoryError,
    RegisteredModel,
    TooFewPairsError,
    train_week,
)
from resources.dagster_resources import (
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    TrackingResource,
)
from resources.tracking import TrackingError

MAX_BELIEVABLE_RANK_IC = 0.6
MODEL_CHECKS = {
    "trained_before_its_week": "The last label that the model has seen was known when its week began.",
    "not_too_good": f"Hold-out rank IC above {MAX_BELIEVABLE_RANK_IC} means a leak, not a discovery.",
}


@dg.asset(
    key=keys.SIGNAL_MODELS,
    partitions_def=MODEL_GRID,
    # Mapping every hour costs 0.8 s a run and input; training refuses an incomplete history itself.
    deps=[
        dg.AssetDep(keys.FEATURES_1H, partition_mapping=dg.LastPartitionMapping()),
        dg.AssetDep(keys.LABELS_1D, partition_mapping=dg.LastPartitionMapping()),
    ],
    group_name="models",
    owners=OWNERS,
    kinds={"python", "mlflow", "lightgbm", "catboost"},
    metadata=describe("ml.model_versions"),
    check_specs=[
        dg.AssetCheckSpec(name, asset=keys.SIGNAL_MODELS, description=description, blocking=True)
        for name, description in MODEL_CHECKS.items()
    ],
)
def signal_models(
    context: dg.AssetExecutionContext,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
) -> dg.MaterializeResult:
    """A registered model trained only on what was known before its week, scored on a purged hold-out."""
    parts = context.partition_key.keys_by_dimension
    week, algorithm = parts["week"], parts["algorithm"]
    registry = tracking.open()
    try:
        trained = train_week(feature_store.open(), registry, week, algorithm, context.run.run_id)
    except (IncompleteHistoryError, TooFewPairsError, TrackingError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    rank_ic = float(trained.model.rank_ic)
    in_time = trained.last_label_known <= datetime.fromisoformat(week).replace(tzinfo=UTC)
    return dg.MaterializeResult(
        metadata=written(
            1, model_version=trained.version, mlflow=tables.url(registry.version_url(trained.version)),
            **_scores(trained),
        ),
        check_results=[
            dg.AssetCheckResult(check_name="trained_before_its_week", passed=in_time),
            dg.AssetCheckResult(check_name="not_too_good", passed=not rank_ic > MAX_BELIEVABLE_RANK_IC),
        ],
    )  # fmt: skip


@dg.asset(
    key=keys.CHAMPION,
    partitions_def=WEEKLY,
    deps=[
        dg.AssetDep(
            keys.SIGNAL_MODELS,
            partition_mapping=dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name="week"),
        )
    ],
    group_name="models",
    owners=OWNERS,
    kinds={"python", "mlflow"},
    metadata=describe("ml.champions"),
    check_specs=[
        dg.AssetCheckSpec(
            "someone_in_charge",
            asset=keys.CHAMPION,
            description="A version has passed the gate in this week or an earlier one.",
        )
    ],
)
def champion(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tracking: TrackingResource,
    exchange: ExchangeResource,
) -> dg.MaterializeResult:
    """The promotion decision of the week; only the current week moves the alias @champion."""
    week = date.fromisoformat(context.partition_key)
    registry = tracking.open()
    decision = promote_champion(database.open(), registry, week, exchange.open().now())
    version = decision["model_version"]
    link = {} if version is None else {"mlflow": tables.url(registry.version_url(int(str(version))))}
    return dg.MaterializeResult(
        metadata=written(
            1,
            outcome=outcome_words(decision),
            model_version=str(version),
            candidates=tables.text(candidate_table(str(decision["evidence"]))),
            **link,
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="someone_in_charge",
                passed=version is not None,
                severity=dg.AssetCheckSeverity.WARN,
            )
        ],
    )


def _scores(trained: RegisteredModel) -> dict[str, object]:
    """Scores of the hold-out as numbers and as a figure."""
    model, window = trained.model, trained.window
    names = ("rank_ic", "rank_ic_t", "rmse_pct", "baseline_rmse_pct")
    return {
        **tables.numbers({name: getattr(model, name) for name in names}),
        "fit_rows": model.fit_rows,
        "holdout_rows": model.holdout_rows,
        "features": len(model.feature_names),
        "trained_on": f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M}",
        "holdout_deciles": tables.plot(
            "hold-out by decile", decile_figure(model.holdout_prediction, model.holdout_outcome)
        ),
    }
