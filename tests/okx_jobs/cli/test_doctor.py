"""What the doctor says of the feature store."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.features.registry import feature_names
from okx_jobs.cli.doctor import diagnose_history
from resources.feature_store.root import StoreRoot
from resources.feature_store.sql_window import SqlWindow
from resources.feature_store.store import FeatureStore
from resources.postgres.migrations import sync_columns

TABLE = "features.features_1h"
T0 = datetime(2026, 3, 30, tzinfo=UTC)


@pytest.fixture
def copy(database, tmp_path) -> SqlWindow:
    sync_columns(database, TABLE, feature_names())
    return SqlWindow(FeatureStore(database, StoreRoot(str(tmp_path))), TABLE)


def rows(hours: range) -> pd.DataFrame:
    times = pd.DatetimeIndex([T0 + timedelta(hours=hour) for hour in hours]).as_unit("us")
    frame = pd.DataFrame({"pair": "A-USDT", "timestamp_utc": times})
    return frame.assign(**{feature_names()[0]: np.float32(1.0)})


def test_a_fresh_home_has_nothing_to_say(copy):
    assert list(diagnose_history(copy.database)) == []


def test_a_home_from_before_the_store_is_told_to_fill_it(copy):
    copy.database.replace_window(TABLE, rows(range(72)), T0, T0 + timedelta(hours=72))
    (empty,) = diagnose_history(copy.database)
    assert "is empty, but features were computed from 2026-03-30 on" in empty.state
    assert "`okxsignal refresh full`" in empty.remedy
    copy.record(rows(range(48, 72)), T0 + timedelta(hours=48), T0 + timedelta(hours=72), T0)
    (short,) = diagnose_history(copy.database)
    assert "begins in 2026-04" in short.state
    assert "`okxsignal refresh full`" in short.remedy


def test_a_store_as_long_as_sql_is_in_order(copy):
    copy.record(rows(range(72)), T0, T0 + timedelta(hours=72), T0)
    (sound,) = diagnose_history(copy.database)
    assert not sound.remedy
    assert "2026-03" in sound.state
