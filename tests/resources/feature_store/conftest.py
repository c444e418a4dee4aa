"""A store of its own for every test: in a folder, and in a bucket of a local S3 server."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest

from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore

T0 = datetime(2026, 3, 30, tzinfo=UTC)  # two days before a month ends
HOUR = timedelta(hours=1)


def make_rows(
    hours: Iterable[int], pairs: Iterable[str] = ("A-USDT", "B-USDT"), **columns: float
) -> pd.DataFrame:
    """A row per pair and hour since T0; a column is its given value plus the hour, NaN stays NaN."""
    hours = list(hours)
    frames = [
        pd.DataFrame(
            {
                "pair": pd.array([pair] * len(hours), dtype="str"),
                "timestamp_utc": pd.DatetimeIndex([T0 + hour * HOUR for hour in hours], tz="UTC").as_unit(
                    "us"
                ),
                **{
                    name: np.asarray(value + np.array(hours, dtype=float), dtype=np.float32)
                    for name, value in (columns or {"x": 0.0}).items()
                },
            }
        )
        for pair in pairs
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="session")
def rows_of() -> Callable[..., pd.DataFrame]:
    return make_rows


@pytest.fixture(scope="session")
def bucket() -> Iterator[dict[str, object]]:
    """fsspec's options of an S3 server on 127.0.0.1 with the bucket `store`."""
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"endpoint_url": f"http://{host}:{port}", "key": "nobody", "secret": "nothing"}
    fsspec.filesystem("s3", **options).mkdir("store")
    yield options
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def root(request: pytest.FixtureRequest, tmp_path) -> StoreRoot:  # type: ignore[no-untyped-def]
    if request.param == "folder":
        return StoreRoot(str(tmp_path / "feature_store"))
    return StoreRoot(f"s3://store/{uuid4().hex}", request.getfixturevalue("bucket"))


@pytest.fixture
def store(database, root: StoreRoot) -> FeatureStore:  # type: ignore[no-untyped-def]
    return FeatureStore(database, root)


@pytest.fixture
def folder_store(database, tmp_path) -> FeatureStore:  # type: ignore[no-untyped-def]
    return FeatureStore(database, StoreRoot(str(tmp_path / "feature_store")))
