"""A small market whose returns are partly predictable, and a study of it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.models.splits import TrainingWindow
from okx_core.models.trainers import TreeParameters
from okx_core.models.training import SignalModelSpec, TrainedModel, train_signal_model

NAMES = ("momentum", "noise", "calm")


@dataclass(frozen=True)
class Study:
    """Five weeks of eight pairs, and a model first used a week before their end."""

    rows: pd.DataFrame
    spec: SignalModelSpec
    decision: datetime

    @property
    def window(self) -> TrainingWindow:
        return self.spec.window(self.decision)

    def train(self, algorithm: str, rows: pd.DataFrame | None = None, **changes: object) -> TrainedModel:
        rows = self.rows if rows is None else rows
        return train_signal_model(rows, NAMES, algorithm, self.window, replace(self.spec, **changes))


@pytest.fixture(scope="session")
def study() -> Study:
    """The target follows `momentum` under much noise and drifts up by 3 %; `calm` is sometimes unknown."""
    decision = datetime(2026, 8, 9, tzinfo=UTC)
    rng = np.random.default_rng(3)
    hours = pd.date_range(
        decision - timedelta(weeks=4), decision + timedelta(weeks=1), freq="h", inclusive="left"
    )
    grid = pd.MultiIndex.from_product(
        [hours, [f"P{n}-USDT" for n in range(8)]], names=["timestamp_utc", "pair"]
    )
    rows = grid.to_frame(index=False)[["pair", "timestamp_utc"]]
    for name in NAMES:
        rows[name] = rng.normal(size=len(rows)).astype(np.float32)
    rows.loc[::17, "calm"] = np.nan
    rows["future_return_1d_pct"] = 0.5 * rows["momentum"] + rng.normal(size=len(rows)) + 3.0
    spec = SignalModelSpec(
        history=timedelta(weeks=3),
        holdout=timedelta(weeks=1),
        min_fit_rows=500,
        trees=TreeParameters(trees=20, min_rows_per_leaf=50),
    )
    return Study(rows, spec, decision)
