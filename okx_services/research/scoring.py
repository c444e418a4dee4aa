"""Signals of a window: the prediction of every pair and hour, and the result of every gate.

The newest closed hour uses the model behind the alias @champion. An older hour uses the version that
`ml.champions` names for its week, so a backfill never uses a later model.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from okx_core.contracts import require_contract
from okx_core.decisions.gates import PASS, evaluate_gates
from okx_core.decisions.market_state import market_state
from okx_core.decisions.rules import DecisionRules
from okx_core.hours import DAY, HOUR, week_start
from resources.feature_store.sql_window import SqlWindow
from resources.feature_store.store import FeatureStore
from resources.postgres.database import Database
from resources.tracking import MODEL_NAME, LoadedModel, Tracking

FEATURES = "features.features_1h"
SIGNALS = "trading.signals"
COLUMNS = [
    "pair", "timestamp_utc", "predicted_excess_pct", "excess_probability", "turnover_24h_quote", "gate_universe",
    "gate_market", "gate_probability", "gate_fee", "gate_slippage", "gate_liquidity", "tradable", "risk_multiplier",
    "model_name", "model_version", "live",
]  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """The signals of a window. `rows_with_model` and `rows_without_model` count feature rows, by whether a version
    may score them."""

    rows: pd.DataFrame
    models: dict[int, LoadedModel]
    rows_with_model: int
    rows_without_model: int

    def known_in_time(self) -> bool:
        """True when no signal comes from a version that was trained for a later week."""
        trained_for = self.rows["model_version"].map(
            {version: datetime.fromisoformat(model.week).date() for version, model in self.models.items()}
        )
        return bool((trained_for <= week_of(self.rows["timestamp_utc"])).all())


def score_window(
    feature_store: FeatureStore,
    tracking: Tracking,
    start: datetime,
    end: datetime,
    live_hour: datetime,
    rules: DecisionRules,
) -> Scored:
    """Score the feature rows of [start, end) and apply the gates; the rows of `trading.signals`, not yet stored."""
    database = feature_store.database
    features = SqlWindow(feature_store, FEATURES).read(start, end)
    versions = assign_versions(database, tracking, features["timestamp_utc"], live_hour)
    rows_with_model = pd.concat([features, versions.rename("model_version")], axis=1)[versions.notna()]
    rows_with_model = rows_with_model.reset_index(drop=True)
    models = {int(v): tracking.load(int(v)) for v in sorted(rows_with_model["model_version"].unique())}
    signals = apply_gates(database, predict(rows_with_model, models), start, end, rules)
    signals["live"] = signals["timestamp_utc"] == live_hour
    require_contract(SIGNALS, signals)
    with_model = len(rows_with_model)
    return Scored(signals[COLUMNS], models, with_model, len(features) - with_model)


def week_of(times: pd.Series) -> pd.Series:
    """The day on which the week began that each bar opened in."""
    days = times.dt.floor("D")
    sundays: pd.Series = days.map({day: week_start(day.to_pydatetime()).date() for day in days.unique()})
    return sundays


def assign_versions(
    database: Database, tracking: Tracking, times: pd.Series, live_hour: datetime
) -> pd.Series:
    """The model version that scores each row: its week's champion, or @champion for the live hour; NaN without one."""
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
    """Score each row with its version.

    `predicted_excess_pct` is the return of the next 24 hours less the mean of all pairs, in percent.
    `excess_probability` is P(excess return > 0) for normal hold-out errors.
    """
    prediction = np.full(len(rows), np.nan)
    sigma = np.full(len(rows), np.nan)
    for version, model in models.items():
        mine = (rows["model_version"] == version).to_numpy()
        matrix = rows.loc[mine, list(model.feature_names)].to_numpy(dtype=np.float32)
        prediction[mine] = model.regressor.predict(matrix)
        sigma[mine] = model.sigma_pct
    probability = [0.5 * (1.0 + math.erf(z / math.sqrt(2.0))) for z in prediction / sigma]
    return rows[["pair", "timestamp_utc", "model_version"]].assign(
        predicted_excess_pct=prediction, excess_probability=probability, model_name=MODEL_NAME
    )


def apply_gates(
    database: Database, predicted: pd.DataFrame, start: datetime, end: datetime, rules: DecisionRules
) -> pd.DataFrame:
    """Add the result of the universe and of every gate to the predictions of [start, end)."""
    candles = database.frame(
        "select pair, timestamp_utc, high, low, close, volume, quote_volume from market.candles_1h "
        "where timestamp_utc >= $1 and timestamp_utc < $2 order by pair, timestamp_utc",
        (start - DAY, end),
    )
    rows = predicted.merge(market_state(candles), how="left", on=["pair", "timestamp_utc"])
    rows["day"] = (rows["timestamp_utc"] + HOUR).dt.floor("D")
    gated = evaluate_gates(_with_universe(database, rows), rules)
    gated["tradable"] &= gated["gate_universe"] == PASS
    gated["model_version"] = gated["model_version"].astype("int64")
    return gated.sort_values(["timestamp_utc", "pair"], ignore_index=True)


def _with_universe(database: Database, rows: pd.DataFrame) -> pd.DataFrame:
    """gate_universe and risk_multiplier as of the last universe day that is not after the decision."""
    universe = database.frame(
        "select day, pair, enabled, reason, risk_multiplier from market.universe order by day"
    )
    universe["day"] = pd.to_datetime(universe["day"]).dt.tz_localize(UTC).astype(rows["day"].dtype)
    joined = pd.merge_asof(rows.sort_values("day"), universe, on="day", by="pair")
    known = joined["enabled"].notna()
    reason = joined["reason"].where(known, "not in the universe")
    joined["gate_universe"] = reason.mask(known & joined["enabled"].eq(True), PASS)
    joined["risk_multiplier"] = joined["risk_multiplier"].fillna(0.0)
    return joined
