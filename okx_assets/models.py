"""Signal models: one version per week and algorithm, and the weekly decision which one is in charge."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from okx_assets.partitions import MODEL_GRID, WEEKLY
from okx_assets.tables import OWNERS, describe, written
from okx_core.features.registry import model_feature_names
from okx_core.models.promotion import Candidate, PromotionGate, choose_champion
from okx_core.models.splits import TrainingWindow, purge
from okx_core.models.training import SignalModelSpec, TrainedModel, train_signal_model
from resources.config.code_version import code_version
from resources.dagster_resources import (
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    TrackingResource,
)
from resources.feature_store.training_set import TrainingSet, training_set
from resources.postgres.database import Database
from resources.tracking import MODEL_NAME

SPEC = SignalModelSpec()
GATE = PromotionGate()
LATEST_ROW_SLACK = timedelta(hours=48)  # an outage at the end of the window is no reason not to train


@dg.asset(
    key=["ml", "signal_models"],
    partitions_def=MODEL_GRID,
    # Mapping every hour costs 0.8 s a run and input; `require_complete` guards what a mapping would.
    deps=[
        dg.AssetDep(["features", "features_1h"], partition_mapping=dg.LastPartitionMapping()),
        dg.AssetDep(["ml", "labels_1d"], partition_mapping=dg.LastPartitionMapping()),
    ],
    group_name="models",
    owners=OWNERS,
    kinds={"python", "mlflow", "lightgbm", "catboost"},
    metadata=describe("ml.model_versions"),
    check_specs=[
        dg.AssetCheckSpec(
            "trained_before_its_week",
            asset=["ml", "signal_models"],
            description="The last label that the model has seen was known when its week began.",
            blocking=True,
        ),
        dg.AssetCheckSpec(
            "not_too_good",
            asset=["ml", "signal_models"],
            description="Hold-out rank IC above 0.6 means a leak, not a discovery.",
            blocking=True,
        ),
    ],
)
def signal_models(
    context: dg.AssetExecutionContext,
    database: DatabaseResource,
    tracking: TrackingResource,
    feature_store: FeatureStoreResource,
) -> dg.MaterializeResult:
    """A registered model trained only on what was known before its week, scored on a purged hold-out."""
    keys = context.partition_key.keys_by_dimension
    week, algorithm = keys["week"], keys["algorithm"]
    decision_time = datetime.fromisoformat(week).replace(tzinfo=UTC)
    window = SPEC.window(decision_time)
    history = feature_store.open()
    data = training_set(
        history,
        None,
        (window.start, decision_time),
        model_feature_names(),
        SPEC.target,
        purge(SPEC.horizon_hours),
    )
    rows = training_rows(data)
    require_complete(rows, window)
    model = train_signal_model(rows, model_feature_names(), algorithm, window, SPEC)
    registered = tracking.open().log_signal_model(
        model, algorithm, week, _parameters(window, model), _tags(context, model, window, data), _figures(model),
        data.file_hashes,
    )  # fmt: skip
    record = _record(week, algorithm, model, window, registered.version, registered.run_id)
    record["data_fingerprint"] = data.fingerprint
    # Pins first: a version that is on record has its files for good.
    history.manifest.pin(MODEL_NAME, registered.version, [file.file_id for file in data.files])
    database.open().upsert("ml.model_versions", ["week", "algorithm"], [record])
    last_label_known = window.end + pd.Timedelta(hours=SPEC.horizon_hours)
    return dg.MaterializeResult(
        metadata=written(
            1, model_version=registered.version, rank_ic=float(model.rank_ic), fit_rows=model.fit_rows,
            mlflow=dg.MetadataValue.url(f"{tracking.open().url}/#/models/{MODEL_NAME}/versions/{registered.version}"),
        ),
        check_results=[
            dg.AssetCheckResult(check_name="trained_before_its_week", passed=last_label_known <= decision_time),
            dg.AssetCheckResult(check_name="not_too_good", passed=not model.rank_ic > 0.6),
        ],
    )  # fmt: skip


def require_complete(rows: pd.DataFrame, window: TrainingWindow) -> None:
    """Refuse to train before features and labels have been made up to the end of the window."""
    newest = rows["timestamp_utc"].max() if len(rows) else None
    if newest is None or newest < window.end - LATEST_ROW_SLACK:
        raise dg.Failure(
            f"the newest labelled feature row is {newest}, training needs them up to {window.end:%Y-%m-%d %H:%M}: "
            "backfill features/features_1h and ml/labels_1d first, or, when their hours count as materialised "
            "already (a home from before the feature store), run `okxsignal refresh full`"
        )


def training_rows(data: TrainingSet) -> pd.DataFrame:
    """The training set as the core takes it: pair, timestamp_utc, features, target, by time and pair."""
    keys = {
        "pair": pd.array(data.pairs, dtype="str"),
        "timestamp_utc": pd.DatetimeIndex(data.times).tz_localize("UTC"),
    }
    matrix = pd.DataFrame(data.matrix, columns=pd.Index(data.feature_names), copy=False)
    return pd.concat([pd.DataFrame(keys), matrix, pd.Series(data.target, name=SPEC.target)], axis=1)


def _parameters(window: TrainingWindow, model: TrainedModel) -> dict[str, object]:
    return {
        "target": SPEC.target,
        "relative": SPEC.relative,
        "horizon_hours": SPEC.horizon_hours,
        "train_start": window.start.isoformat(),
        "train_end": window.end.isoformat(),
        "holdout_start": window.holdout_start.isoformat(),
        "features": len(model.feature_names),
        **{f"trees.{name}": value for name, value in vars(SPEC.trees).items()},
    }


def _tags(
    context: dg.AssetExecutionContext, model: TrainedModel, window: TrainingWindow, data: TrainingSet
) -> dict[str, str]:
    """Where the model comes from. The data fingerprint names files, the rows fingerprint the rows used of them."""
    return {
        "dagster_run_id": context.run.run_id,
        "data_fingerprint": data.fingerprint,
        "rows_fingerprint": model.fingerprint,
        "data_window": f"{window.start:%Y-%m-%dT%H}/{window.end:%Y-%m-%dT%H}",
        "code_version": code_version(),
    }


def _figures(model: TrainedModel) -> dict[str, Any]:
    """Predicted against realised return of the hold-out, by decile of the prediction."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    deciles = np.array_split(np.argsort(model.holdout_prediction), 10)
    axes.bar(range(1, 11), [float(np.mean(model.holdout_outcome[part])) for part in deciles])
    axes.set(xlabel="decile of prediction", ylabel="realised return, %", title="Hold-out")
    return {"holdout_deciles": figure}


def _record(
    week: str, algorithm: str, model: TrainedModel, window: TrainingWindow, version: int, run_id: str
) -> dict[str, object]:
    def known(value: float) -> float | None:
        return None if np.isnan(value) else value

    return {
        "week": date.fromisoformat(week),
        "algorithm": algorithm,
        "model_name": MODEL_NAME,
        "model_version": version,
        "run_id": run_id,
        "target": SPEC.target,
        "train_start": window.start,
        "train_end": window.end,
        "train_rows": model.fit_rows,
        "holdout_rows": model.holdout_rows,
        "rank_ic": known(model.rank_ic),
        "rank_ic_t": known(model.rank_ic_t),
        "rmse_pct": known(model.rmse_pct),
        "baseline_rmse_pct": known(model.baseline_rmse_pct),
        "feature_count": len(model.feature_names),
        "code_version": code_version(),
        "trained_at": datetime.now(UTC),
    }


@dg.asset(
    key=["ml", "champion"],
    partitions_def=WEEKLY,
    deps=[
        dg.AssetDep(
            ["ml", "signal_models"],
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
            asset=["ml", "champion"],
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
    store = database.open()
    decision = decide(store, week)
    decision["decided_at"] = exchange.open().now()
    store.upsert("ml.champions", ["week"], [decision])
    version = decision["model_version"]
    newest = store.scalar("select max(week) from ml.champions") == week
    if newest and version is not None:
        tracking.open().promote(int(str(version)))
    return dg.MaterializeResult(
        metadata=written(1, verdict=str(decision["verdict"]), model_version=str(version)),
        check_results=[
            dg.AssetCheckResult(
                check_name="someone_in_charge",
                passed=version is not None,
                severity=dg.AssetCheckSeverity.WARN,
            )
        ],
    )


def decide(database: Database, week: date) -> dict[str, object]:
    """The row of ml.champions for `week`: the best candidate that passes the gate, else the incumbent."""
    rows = database.rows("select * from ml.model_versions where week = $1 order by algorithm", (week,))
    candidates = [
        Candidate(
            algorithm=row["algorithm"],
            version=row["model_version"],
            rank_ic=_number(row["rank_ic"]),
            rank_ic_t=_number(row["rank_ic_t"]),
            holdout_rows=row["holdout_rows"],
        )
        for row in rows
    ]
    chosen = choose_champion(candidates, GATE)
    incumbent = database.rows(
        "select * from ml.champions where week < $1 order by week desc limit 1", (week,)
    )
    evidence = {
        c.algorithm: {**_json(vars(c)), "rejection_reason": GATE.rejection_reason(c)} for c in candidates
    }
    decision: dict[str, object] = {
        "week": week, "model_name": MODEL_NAME, "model_version": None, "algorithm": None,
        "trained_for_week": None, "verdict": "none", "evidence": json.dumps(evidence),
    }  # fmt: skip
    if chosen is not None:
        decision |= {"model_version": chosen.version, "algorithm": chosen.algorithm}
        decision |= {"trained_for_week": week, "verdict": "promoted"}
    elif incumbent and incumbent[0]["model_version"] is not None:
        decision |= {name: incumbent[0][name] for name in ("model_version", "algorithm", "trained_for_week")}
        decision["verdict"] = "kept"
    return decision


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _json(values: dict[str, Any]) -> dict[str, Any]:
    return {name: None if isinstance(v, float) and np.isnan(v) else v for name, v in values.items()}
