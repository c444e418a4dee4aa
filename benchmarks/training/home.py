"""A home of its own with features and candles of many months, for the benchmark of training."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import numpy as np
import pandas as pd

from benchmarks.made_up_candles import candle_frames, random_walk
from okx_core.features.compute import compute_features
from okx_core.hours import HOUR
from okx_jobs.stack import services
from resources.config.settings import Settings, load_settings
from resources.feature_store.months import month_parts
from resources.feature_store.store import FeatureStore
from resources.postgres.embedded import EmbeddedPostgres

END = datetime(2024, 6, 2, tzinfo=UTC)  # a Sunday
MONTH_HOURS, WARM_HOURS = 24 * 31, 24 * 60


def month_of_features(pairs: int) -> pd.DataFrame:
    """Features of a month of random walks."""
    frames, start, end = candle_frames(pairs, WARM_HOURS + MONTH_HOURS)
    return compute_features(*frames, start + WARM_HOURS * HOUR, end)


def fill(store: FeatureStore, pairs: int, months: int) -> None:
    """Features and hourly candles of so many months before END."""
    made = month_of_features(pairs).sort_values(["pair", "timestamp_utc"], ignore_index=True)
    place = made.groupby("pair").cumcount()
    names = sorted(made["pair"].unique())
    start = (pd.Timestamp(END) - pd.DateOffset(months=months)).to_pydatetime().replace(day=1)
    hours = (END - start) // HOUR
    walk = {name: values.ravel() for name, values in random_walk(pairs, hours).items()}
    opens = pd.date_range(start, periods=hours, freq="h", unit="us")
    candles = pd.DataFrame({"pair": np.repeat(names, hours), "timestamp_utc": np.tile(opens, pairs), **walk})
    candles = candles.assign(source="bench", ingested_at=END)
    for part in month_parts(start, END):
        inside = candles["timestamp_utc"].between(part.start, part.end, inclusive="left")
        store.database.replace_window("market.candles_1h", candles[inside], part.start, part.end)
        count = (part.end - part.start) // HOUR
        rows = made[place < count]
        moments = pd.Timestamp(part.start).as_unit("us") + pd.to_timedelta(place[place < count], unit="h")
        store.replace_window("features.features_1h", rows.assign(timestamp_utc=moments), part.start, part.end)
    store.database.execute("analyze")


@contextmanager
def a_home() -> Iterator[Settings]:
    """A home with its services, of which the child processes know by the environment."""
    with TemporaryDirectory(prefix="okxsignal-bench-") as folder:
        ports = ("SIMULATOR_PORT", "SIMULATOR_ADMIN_PORT", "MLFLOW_PORT")
        environment = {f"OKXSIGNAL_{name}": str(free_port()) for name in ports}
        with patch.dict(os.environ, {**environment, "OKXSIGNAL_HOME": str(Path(folder).resolve())}):
            settings = load_settings()
            with services.working_services(settings):
                services.wait_for_mlflow(settings)
                yield settings
            EmbeddedPostgres(settings.home).forget()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
