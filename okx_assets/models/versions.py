"""Models: versions of the members, of the signal model made of them, and the weekly decision which one trades."""

from datetime import date

import dagster as dg

from okx_assets import keys, tables
from okx_assets.partitions import MODEL_GRID, WEEKLY
from okx_assets.tables import OWNERS, describe, written
from okx_core.hours import WEEK
from okx_core.models.members import MemberError
from okx_services.reports.models import evidence_table, outcome_words, signal_version_facts, version_table
from okx_services.research.champions import decide_weeks
from okx_services.research.member_training import IncompleteHistoryError, TooFewPairsError
from okx_services.research.members import Training, late_versions
from okx_services.research.signal_versions import make_versions
from resources.dagster_resources import (
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    ModelsResource,
    TrackingResource,
)
from resources.postgres.database import Database
from resources.registry.tracking import Tracking, TrackingError

KINDS = {"python", "mlflow"}


@dg.asset(
    key=keys.MEMBER_MODELS,
    partitions_def=MODEL_GRID,
    backfill_policy=dg.BackfillPolicy.single_run(),
    # Mapping every hour costs 0.8 s a run and input; training refuses an incomplete history itself.
    deps=[
        dg.AssetDep(keys.FEATURES_1H, partition_mapping=dg.LastPartitionMapping()),
        dg.AssetDep(keys.CANDLES_1H, partition_mapping=dg.LastPartitionMapping()),
    ],
    group_name="models",
    owners=OWNERS,
    kinds={*KINDS, "lightgbm", "catboost"},
    metadata=describe("ml.model_versions"),
    check_specs=[
        dg.AssetCheckSpec(
            "labels_known_at_the_date",
            asset=keys.MEMBER_MODELS,
            description="The newest label that each version was fitted to was known on its training date.",
            blocking=True,
        )
    ],
)
def member_models(
    context: dg.AssetExecutionContext,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
    exchange: ExchangeResource,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """A version of each member where one is due, trained on what was known then, and its weeks' predictions.

    The newest week is always trained, weeks of the past every OKXSIGNAL_RETRAIN_WEEKS. A range is one run.
    """
    parts = [str(key).split("|") for key in context.partition_keys]
    weeks = sorted({date.fromisoformat(week) for week, _ in parts})
    members = [name for name in models.members() if name in {member for _, member in parts}]
    registry, store = tracking.open(), feature_store.open()
    training = Training(
        store, registry, exchange.open().now(), models.retrain_weeks(), context.run.run_id,
        feature_store.sql_start(), context.log.info,
    )  # fmt: skip
    try:
        done = training.run(weeks, members)
    except (IncompleteHistoryError, TooFewPairsError, TrackingError, MemberError) as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    late = late_versions(store.database)
    return dg.MaterializeResult(
        metadata=written(len(done.versions), **tables.made(done, registry.version_url)),
        check_results=[
            dg.AssetCheckResult(
                check_name="labels_known_at_the_date",
                passed=late == 0 and not done.late,
                metadata={"late": late, "of_this_run": done.late},
            )
        ],
    )


def _weeks_of(context: dg.AssetExecutionContext) -> list[date]:
    """The weeks of this run, one key or a range."""
    window = context.partition_time_window
    return [window.start.date() + n * WEEK for n in range((window.end - window.start) // WEEK)]


@dg.asset(
    key=keys.SIGNAL_MODEL,
    partitions_def=WEEKLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[
        dg.AssetDep(
            keys.MEMBER_MODELS,
            partition_mapping=dg.MultiToSingleDimensionPartitionMapping(partition_dimension_name="date"),
        )
    ],
    group_name="models",
    owners=OWNERS,
    kinds=KINDS,
    metadata=describe("ml.signal_versions"),
    check_specs=[
        dg.AssetCheckSpec(
            "made_of_every_member",
            asset=keys.SIGNAL_MODEL,
            description="Every member of OKXSIGNAL_MEMBERS has a version, so that the week has a signal model.",
        )
    ],
)
def signal_model(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
    exchange: ExchangeResource,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """The registered ensemble: a new version where a member has one, weighted and calibrated by past predictions."""
    registry = tracking.open()
    try:
        versions = make_versions(
            feature_store.open(), registry, _weeks_of(context), models.members(), exchange.open().now(),
            context.run.run_id,
        )  # fmt: skip
    except TrackingError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    rows = [
        (f"[v{version}]({registry.version_url(version)})" if version else "none", f"{week}")
        for week, version in versions.items()
    ]
    return dg.MaterializeResult(
        metadata=written(
            len({*versions.values()} - {None}),
            versions=tables.text(version_table(rows)),
            **_newest(database.open(), registry, versions[max(versions)]),
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="made_of_every_member",
                passed=versions[max(versions)] is not None,
                severity=dg.AssetCheckSeverity.WARN,
            )
        ],
    )


def _newest(database: Database, registry: Tracking, version: int | None) -> dict[str, object]:
    """What the newest version is made of."""
    if version is None:
        return {"newest": "no version yet: a member has none"}
    facts = signal_version_facts(database, version)
    return {"mlflow": tables.url(registry.version_url(version)), **facts}


@dg.asset(
    key=keys.CHAMPION,
    partitions_def=WEEKLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[keys.SIGNAL_MODEL],
    group_name="models",
    owners=OWNERS,
    kinds=KINDS,
    metadata=describe("ml.champions"),
    check_specs=[
        dg.AssetCheckSpec(
            "someone_in_charge",
            asset=keys.CHAMPION,
            description="The newest decided week has a version that has passed every rule of the promotion gate.",
        )
    ],
)
def champion(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
    exchange: ExchangeResource,
    models: ModelsResource,
) -> dg.MaterializeResult:
    """The promotion decision of each week from stored predictions; only the current week moves @champion."""
    registry = tracking.open()
    try:
        decisions = decide_weeks(
            feature_store.open(), registry, _weeks_of(context), exchange.open().now(), models.max_age_weeks()
        )
    except TrackingError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    newest = decisions[-1]
    version = newest.decision.version
    in_charge = database.open().scalar(
        "select model_version is not null and outcome <> 'none' from ml.champions order by week desc limit 1"
    )
    link = {} if version is None else {"mlflow": tables.url(registry.version_url(version))}
    rules = [] if newest.evidence is None else [rule.to_json() for rule in newest.evidence.rules]
    return dg.MaterializeResult(
        metadata=written(
            len(decisions),
            outcome=outcome_words(newest.decision),
            model_version=str(version),
            evidence=tables.text(evidence_table(rules)),
            **link,
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="someone_in_charge",
                passed=bool(in_charge),
                severity=dg.AssetCheckSeverity.WARN,
            )
        ],
    )
