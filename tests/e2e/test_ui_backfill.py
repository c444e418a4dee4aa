"""A year of features from the UI's own API: one run, the same bytes again, whole months when it is cancelled.

No demo is needed for it: the candles are made up here.
"""

from calendar import mdays
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resources.postgres.sql_models import load_models
from tests.e2e.stack import HOUR, TERMINATE, Stack

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

OLD_PAIRS = 20


@pytest.fixture(scope="module")
def ui(
    tmp_path_factory: pytest.TempPathFactory, environment_of_home: Callable[[Path], dict[str, str]]
) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("ui")
    stack = Stack(home, environment_of_home(home) | {"OKXSIGNAL_SQL_FEATURE_DAYS": "all"})
    try:
        stack.up()
        yield stack
    finally:
        down = stack.call("down", "--forget")
        assert down.returncode == 0, down.stderr
        if stack.process is not None:
            stack.process.wait(120)


@pytest.fixture(scope="module")
def old_years(ui: Stack) -> Stack:
    """Two years of candles of all timeframes."""
    hours = pd.date_range("2021-10-01", "2024-01-01", freq="h", tz="UTC", inclusive="left", unit="us")
    frames = []
    for number in range(OLD_PAIRS):
        close = 100.0 * np.exp(np.cumsum(np.random.default_rng(number).normal(0, 0.01, len(hours))))
        prices = {"open": close, "high": close * 1.01, "low": close * 0.99, "close": close}
        keys = {
            "pair": f"OLD{number}-USDT",
            "timestamp_utc": hours,
            "source": "test",
            "ingested_at": hours[-1],
        }
        frames.append(
            pd.DataFrame({**keys, **prices, "volume": 1.0 + close % 3, "quote_volume": 100.0 + close % 7})
        )
    ui.store.replace_window("market.candles_1h", pd.concat(frames), hours[0], hours[-1] + HOUR)
    for model in load_models():
        if not model.is_view:
            model.build_window(ui.store, hours[0].to_pydatetime(), hours[-1].to_pydatetime() + HOUR)
    return ui


# The stack is up: its own hour may pass in the middle of a test.
FILES_OF_2022 = "select count(*) from features.files where extract(year from month) = 2022"


def months_of(stack: Stack, year: int) -> dict[int, tuple[float, str]]:
    """Days and hash of every stored month of features of a year."""
    rows = stack.store.rows(
        "select extract(month from month)::int as month, row_count / $2::float8 as days, content_hash "
        "from features.files where table_name = 'features.features_1h' and superseded_at is null "
        "and extract(year from month) = $1",
        (year, 24 * OLD_PAIRS),
    )
    return {row["month"]: (row["days"], row["content_hash"]) for row in rows}


def test_a_year_of_features_from_the_ui_is_one_run_and_again_the_same_bytes(old_years: Stack) -> None:
    keys = ["features/features_1h"]
    year = ("2022-01-01-00:00", "2022-12-31-23:00")
    assert [run["status"] for run in old_years.backfill(keys, *year)] == ["SUCCESS"]
    before = months_of(old_years, 2022)
    assert [before[month][0] for month in sorted(before)] == mdays[1:]
    files = old_years.store.scalar(FILES_OF_2022)
    assert [run["status"] for run in old_years.backfill(keys, *year)] == ["SUCCESS"]
    assert months_of(old_years, 2022) == before
    assert old_years.store.scalar(FILES_OF_2022) == files


def test_cancelled_halfway_it_leaves_whole_months_only(old_years: Stack) -> None:
    backfill = old_years.launch_backfill(["features/features_1h"], "2023-01-01-00:00", "2023-12-31-23:00")
    old_years.wait_for(lambda: len(months_of(old_years, 2023)) >= 2, "two finished months", 240)
    run = old_years.backfill_state(backfill)["runs"][0]["id"]
    old_years.graphql(TERMINATE, r=run)
    old_years.wait_for(lambda: old_years.status(run) == "CANCELED", "cancelled run", 120)
    stored = {month: days for month, (days, _) in months_of(old_years, 2023).items()}
    assert [stored[month] for month in sorted(stored)] == mdays[1 : len(stored) + 1]
    assert 2 <= len(stored) < 12
    copied = old_years.store.rows(
        "select extract(month from timestamp_utc)::int as month, count(*) / $1::float8 as days "
        "from features.features_1h where timestamp_utc >= '2023-01-01+00' "
        "and timestamp_utc < '2024-01-01+00' group by 1",
        (24 * OLD_PAIRS,),
    )
    assert {row["month"]: row["days"] for row in copied}.items() <= stored.items()
