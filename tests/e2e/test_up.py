"""`okxsignal up` as a user runs it: real processes, the UI's own API, a kill in the middle of a run."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from calendar import mdays
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from resources.database import Database
from resources.embedded_postgres import EmbeddedPostgres

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

HOUR = timedelta(hours=1)
COMMAND = Path(sys.executable).with_name("okxsignal")
LAUNCH_BACKFILL = """mutation($p: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $p) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILL = """query($b: String!) { partitionBackfillOrError(backfillId: $b) {
  ... on PartitionBackfill { status runs(limit: 50) { id status } } } }"""
LAUNCH_RUN = """mutation($e: ExecutionParams!) { launchPipelineExecution(executionParams: $e) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
TERMINATE = "mutation($r: String!) { terminateRun(runId: $r) { __typename } }"
RUN = "query($r: ID!) { runOrError(runId: $r) { ... on Run { status } } }"


class Stack:
    """One home and the `up` that runs in it."""

    def __init__(self, home: Path, settings: dict[str, str]) -> None:
        self.environment = {**os.environ, **settings}
        self.home = home
        self.store = Database(EmbeddedPostgres(home).url)
        self.process: subprocess.Popen[bytes] | None = None

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(COMMAND), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def up(self) -> None:
        with (self.home / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(COMMAND), "up"], env=self.environment, stdout=log, stderr=log
            )
        self.wait_for(lambda: self.call("status").returncode == 0, "the stack", 180)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def wait_for(self, condition, what: str, seconds: float) -> None:  # type: ignore[no-untyped-def]
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"no {what}: {(self.home / 'up.log').read_text()[-1500:]}"
            time.sleep(0.5)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.environment['OKXSIGNAL_DAGSTER_PORT']}/graphql"

    def graphql(self, query: str, **variables: object) -> dict[str, object]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.address, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def launch_backfill(self, keys: list[str], first: str, last: str) -> str:
        """Launch a backfill as the UI does; its id."""
        ranges = {"ranges": [{"start": first, "end": last}]}
        assets = [{"assetKey": {"path": key.split("/")}, "partitions": ranges} for key in keys]
        launched = self.graphql(LAUNCH_BACKFILL, p={"partitionsByAssets": assets})["launchPartitionBackfill"]
        return launched["backfillId"]

    def backfill_state(self, backfill: str) -> dict[str, object]:
        return self.graphql(BACKFILL, b=backfill)["partitionBackfillOrError"]

    def backfill(self, keys: list[str], first: str, last: str) -> list[dict[str, str]]:
        """Launch a backfill as the UI does; its runs once it has succeeded."""
        backfill = self.launch_backfill(keys, first, last)
        state: dict[str, object] = {}

        def ended() -> bool:
            state.update(self.backfill_state(backfill))
            return state["status"].startswith("COMPLETED")

        self.wait_for(ended, "end of the backfill", 400)
        assert state["status"] == "COMPLETED_SUCCESS"
        return state["runs"]

    def launch_hour(self, hour: datetime) -> str:
        """Launch the hourly job for one hour as the UI does; the run id."""
        selector = {
            "repositoryLocationName": "okx",
            "repositoryName": "__repository__",
            "pipelineName": "trade_hour",
        }
        tags = [{"key": "dagster/partition", "value": hour.strftime("%Y-%m-%d-%H:%M")}]
        answer = self.graphql(
            LAUNCH_RUN, e={"selector": selector, "mode": "default", "executionMetadata": {"tags": tags}}
        )["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return answer["run"]["runId"]

    def status(self, run_id: str) -> str:
        return self.graphql(RUN, r=run_id)["runOrError"]["status"]

    def trade(self, hour: datetime) -> None:
        run_id = self.launch_hour(hour)
        self.wait_for(lambda: self.status(run_id) in ("SUCCESS", "FAILURE"), "end of the run", 180)
        assert self.status(run_id) == "SUCCESS"

    def orders(self) -> int:
        return self.store.scalar("select count(*) from trading.orders")


def last_closed_hour() -> datetime:
    """The newest closed hour, waited for when it is about to change or its signals are too old to trade."""
    while not 0 <= datetime.now(UTC).minute < 58:
        time.sleep(5)
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - HOUR


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, environment_of_home: Callable[[Path], dict[str, str]]
) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("up")
    stack = Stack(home, environment_of_home(home) | {"OKXSIGNAL_SQL_FEATURE_DAYS": "all"})
    try:
        demo = stack.call("demo", "--days", "84", "--live-hours", "1")
        assert demo.returncode == 0, demo.stderr
        stack.up()
        yield stack
    finally:
        down = stack.call("down", "--forget")
        assert down.returncode == 0, down.stderr
        if stack.process is not None:
            stack.process.wait(120)


def test_a_forged_cross_site_request_is_refused_by_the_running_server(stack):
    url = f"{stack.address}?query=mutation%7BreloadWorkspace%7B__typename%7D%7D"
    for headers in ({}, {"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)
        assert refused.value.code == 403
        refused.value.close()


def test_a_month_of_features_from_the_ui_is_one_run(stack):
    last = last_closed_hour().replace(hour=0) - HOUR
    first = last - timedelta(days=30) + HOUR
    runs = stack.backfill(["features/features_1h"], f"{first:%Y-%m-%d-%H:00}", f"{last:%Y-%m-%d-%H:00}")
    assert [run["status"] for run in runs] == ["SUCCESS"]


OLD_PAIRS = 20


@pytest.fixture(scope="module")
def old_years(stack: Stack) -> Stack:
    """Two years of candles, long before those of the demo."""
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
    stack.store.replace_window("market.candles_1h", pd.concat(frames), hours[0], hours[-1] + HOUR)
    return stack


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
    keys = ["market/candles_4h", "market/candles_1d", "features/features_1h"]
    year = ("2022-01-01-00:00", "2022-12-31-23:00")
    assert [run["status"] for run in old_years.backfill(keys, *year)] == ["SUCCESS"]
    before = months_of(old_years, 2022)
    assert [before[month][0] for month in sorted(before)] == mdays[1:]
    files = old_years.store.scalar("select count(*) from features.files")
    assert [run["status"] for run in old_years.backfill(keys[2:], *year)] == ["SUCCESS"]
    assert months_of(old_years, 2022) == before
    assert old_years.store.scalar("select count(*) from features.files") == files


def test_cancelled_halfway_it_leaves_whole_months_only(old_years: Stack) -> None:
    backfill = old_years.launch_backfill(["features/features_1h"], "2023-01-01-00:00", "2023-12-31-23:00")
    old_years.wait_for(lambda: len(months_of(old_years, 2023)) >= 2, "two finished months", 120)
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


def test_the_same_hour_launched_twice_trades_once(stack):
    hour = last_closed_hour()
    stack.trade(hour)
    executed, orders = stack.store.scalar("select count(*) from trading.executed_hours"), stack.orders()
    stack.trade(hour)
    assert stack.orders() == orders
    assert stack.store.scalar("select count(*) from trading.executed_hours") == executed


def test_a_backfill_of_48_old_hours_from_the_ui_adds_no_order(stack):
    orders = stack.orders()
    last = last_closed_hour() - 24 * HOUR
    first = last - 47 * HOUR
    keys = [
        "market/candles_1h",
        "market/candles_4h",
        "market/candles_1d",
        "features/features_1h",
        "trading/signals",
    ]
    assert stack.backfill(keys, f"{first:%Y-%m-%d-%H:00}", f"{last:%Y-%m-%d-%H:00}")
    assert stack.orders() == orders


def test_a_kill_in_the_middle_of_a_run_is_swept_and_the_next_hour_trades_once(stack):
    hour = last_closed_hour()
    run_id = stack.launch_hour(hour)
    stack.wait_for(lambda: stack.status(run_id) == "STARTED", "started run", 90)
    before = children_of(stack)
    stack.kill()
    # The worst case: the run's worker dies too.
    for process in before:
        if process.is_running() and "spawn_main" in " ".join(process.cmdline()):
            process.send_signal(signal.SIGKILL)
    stack.up()
    stack.wait_for(lambda: stack.status(run_id) in ("FAILURE", "SUCCESS"), "sweep", 60)
    orders = stack.orders()
    stack.trade(last_closed_hour())
    decisions = stack.store.rows(
        "select signal_hour, pair, count(*) as orders from trading.intents where state = 'accepted' group by 1, 2"
    )
    assert all(row["orders"] == 1 for row in decisions)
    assert stack.orders() >= orders
    assert stack.store.rows("select pair from trading.positions where locked") == []


def children_of(stack: Stack) -> list[psutil.Process]:
    assert stack.process is not None
    return psutil.Process(stack.process.pid).children(recursive=True)


def test_down_stops_everything_in_the_home(stack):
    before = children_of(stack)
    assert stack.call("down").returncode == 0
    assert stack.call("status").returncode == 1
    psutil.wait_procs(before, timeout=20)
    assert [process for process in before if process.is_running()] == []
    assert not EmbeddedPostgres(stack.home).is_running()
