"""A small market in a store of its own, with members trained on it, and a registry that keeps its models in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from okx_services.research import member_training
from okx_services.research.members import Trained, Training
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from resources.registry.tracking import (
    CHAMPION,
    PREVIOUS,
    SIGNAL_MODEL,
    NewVersion,
    RegisteredVersion,
    TrackingError,
)
from tests.made_panel import made_panel

START = datetime(2024, 1, 7, tzinfo=UTC)  # a Sunday
WEEK, HOUR = timedelta(weeks=1), timedelta(hours=1)
WEEKS = 41
MEMBERS = ("lightgbm_rank_24h", "ridge_rank_24h")
NAMES = ("drift", "noise", "historical_vol_30")
FIRST_IN_SQL = START + 38 * WEEK


def week_of(number: int) -> date:
    """The first day of a week of the market."""
    return (START + number * WEEK).date()


def at(number: int, hour: int = 0) -> datetime:
    """An hour of a week of the market."""
    return START + number * WEEK + hour * HOUR


@dataclass
class Registry:
    """The parts of `Tracking` that services use; `down` makes it answer nothing."""

    versions: dict[tuple[str, int], NewVersion] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    down: bool = False
    read: list[tuple[str, int]] = field(default_factory=list)

    def register(self, new: NewVersion) -> RegisteredVersion:
        self._answer()
        version = 1 + sum(name == new.model_name for name, _ in self.versions)
        self.versions[new.model_name, version] = new
        return RegisteredVersion(version, f"run of {new.run_name}")

    def files(self, model_name: str, version: int) -> dict[str, bytes]:
        self._answer()
        self.read.append((model_name, version))
        if (model_name, version) not in self.versions:
            raise TrackingError(f"{model_name} version {version} cannot be loaded")
        return dict(self.versions[model_name, version].files)

    def document(self, model_name: str, version: int, name: str) -> dict[str, Any]:
        self._answer()
        if (model_name, version) not in self.versions:
            raise TrackingError(f"{model_name} version {version} has no {name}")
        return dict(self.versions[model_name, version].documents[name])

    def has(self, model_name: str, version: int) -> bool:
        self._answer()
        return (model_name, version) in self.versions

    def aliased(self, alias: str, model_name: str = SIGNAL_MODEL) -> int | None:
        self._answer()
        assert model_name == SIGNAL_MODEL
        return self.aliases.get(alias)

    def point(self, alias: str, version: int | None) -> None:
        self._answer()
        if version is None:
            self.aliases.pop(alias, None)
        else:
            self.aliases[alias] = version

    def promote(self, version: int | None) -> int | None:
        before = self.aliased(CHAMPION)
        if before is not None and before != version:
            self.point(PREVIOUS, before)
        self.point(CHAMPION, version)
        return before

    def _answer(self) -> None:
        if self.down:
            raise TrackingError("MLflow at http://127.0.0.1:5000: connection refused")


@dataclass
class Market:
    """The store of a small market and what was trained on it."""

    store: FeatureStore
    registry: Registry
    trained: list[Trained] = field(default_factory=list)

    def train(
        self, weeks: range, now: datetime, retrain_weeks: int = 13, members: tuple[str, ...] = MEMBERS
    ) -> Trained:
        training = Training(self.store, self.registry, now, retrain_weeks, "run", FIRST_IN_SQL)  # type: ignore[arg-type]
        done = training.run([week_of(number) for number in weeks], members)
        self.trained.append(done)
        return done


def fill(store: FeatureStore, weeks: int, edge: float, seed: int = 1, holes: float = 0.02) -> None:
    """Features and candles of five pairs, as they are stored."""
    panel = made_panel(hours=weeks * 168, pairs=5, seed=seed, edge=edge, holes=holes)
    times = pd.DatetimeIndex([START + hour * HOUR for hour in range(panel.hours)]).as_unit("us")
    pairs = np.asarray(panel.pairs)[panel.row_pair]
    keys = {"pair": pd.array(pairs, "str"), "timestamp_utc": times[panel.row_hour]}
    values = {name: panel.values[:, panel.names.index(name)] for name in NAMES}
    end = START + panel.hours * HOUR
    store.replace_window("features.features_1h", pd.DataFrame(keys | values), START, end)
    close = panel.closes[panel.row_hour, panel.row_pair]
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    candles = pd.DataFrame(
        keys
        | prices
        | {"volume": 1e6, "quote_volume": 1e8, "source": "made", "ingested_at": end, "revision": 1}
    )
    with store.database.bulk() as bulk:
        bulk.append("market.candles_1h", candles)


@pytest.fixture(scope="session")
def few_features() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(member_training, "model_feature_names", lambda: NAMES)
        yield


@pytest.fixture(scope="session")
def market(new_database, tmp_path_factory: pytest.TempPathFactory, few_features: None) -> Iterator[Market]:  # noqa: ARG001
    """41 weeks with an edge; members trained for weeks 12, 25, 38, and every week predicted."""
    with new_database() as database:
        made = Market(FeatureStore(database, StoreRoot(str(tmp_path_factory.mktemp("store")))), Registry())
        fill(made.store, WEEKS, edge=0.002)
        made.train(range(WEEKS), at(WEEKS) - WEEK + 100 * HOUR)
        yield made
