"""What is registered beside a model: parameters, origin, figures, input example and description."""

from datetime import timedelta

import numpy as np

from okx_core.hours import DAY
from okx_core.models.splits import TrainingWindow
from okx_core.models.training import SignalModelSpec, TrainedModel
from okx_services.reports.figures import decile_figure
from okx_services.reports.market_origin import market_note
from resources.config.code_version import code_version
from resources.feature_store.training_set import TrainingSet
from resources.postgres.database import Database
from resources.tracking import ModelCard

EXAMPLE_ROWS = 5


def model_card(
    database: Database,
    spec: SignalModelSpec,
    model: TrainedModel,
    window: TrainingWindow,
    data: TrainingSet,
    *,
    week: str,
    algorithm: str,
    run_id: str,
) -> ModelCard:
    """The card of `model`, trained on `data` in the Dagster run `run_id`."""
    market = str(database.scalar("select identity from ops.market_source") or "")
    return ModelCard(
        algorithm=algorithm,
        week=week,
        parameters=_parameters(spec, window, model),
        tags=_tags(run_id, model, window, data, market),
        description=description(spec, model, window, week, algorithm, market),
        example=np.asarray(data.matrix[-EXAMPLE_ROWS:], dtype=np.float32),
        figures={"holdout_deciles": decile_figure(model.holdout_prediction, model.holdout_outcome)},
        data_files=data.file_hashes,
    )


def description(
    spec: SignalModelSpec, model: TrainedModel, window: TrainingWindow, week: str, algorithm: str, market: str
) -> str:
    """What the version predicts, what it was trained on and how it scored, in Markdown."""
    weeks = spec.holdout // timedelta(weeks=1)
    lines = [
        f"Predicts the return over the next {spec.horizon_hours} h relative to the mean of all pairs, in percent. "
        f"Made for the week from {week} (UTC) with {algorithm}.",
        f"**Training:** {model.fit_rows:,} rows of {len(model.feature_names)} features, bars from "
        f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC. Every label was known when the week began.",
        f"**Hold-out:** the last {weeks} weeks, {model.holdout_rows:,} rows, scored by a model fitted only on rows "
        f"that end {_days(window)} days earlier. Rank IC {_text(model.rank_ic, 4)} (t {_text(model.rank_ic_t, 2)}), "
        f"RMSE {_text(model.rmse_pct, 3)} % against {_text(model.baseline_rmse_pct, 3)} % of predicting zero.",
        f"**Market:** {market or 'unknown'}. {market_note(market)}".rstrip(),
    ]
    return "\n\n".join(lines)


def _days(window: TrainingWindow) -> int:
    return round((window.holdout_start - window.fit_end) / DAY)


def _text(value: float, digits: int) -> str:
    return "unknown" if np.isnan(value) else f"{value:.{digits}f}"


def _parameters(spec: SignalModelSpec, window: TrainingWindow, model: TrainedModel) -> dict[str, object]:
    return {
        "target": spec.target,
        "relative": spec.relative,
        "horizon_hours": spec.horizon_hours,
        "train_start": window.start.isoformat(),
        "train_end": window.end.isoformat(),
        "holdout_start": window.holdout_start.isoformat(),
        "features": len(model.feature_names),
        **{f"trees.{name}": value for name, value in vars(spec.trees).items()},
    }


def _tags(
    run_id: str, model: TrainedModel, window: TrainingWindow, data: TrainingSet, market: str
) -> dict[str, str]:
    """Where the model comes from. The data fingerprint names files, the rows fingerprint the rows used of them."""
    return {
        "dagster_run_id": run_id,
        "data_fingerprint": data.fingerprint,
        "rows_fingerprint": model.fingerprint,
        "data_window": f"{window.start:%Y-%m-%dT%H}/{window.end:%Y-%m-%dT%H}",
        "code_version": code_version(),
        "market": market or "unknown",
    }
