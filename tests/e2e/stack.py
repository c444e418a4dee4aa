"""`okxsignal up` in a home of its own, and what the UI asks of it over GraphQL."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

from resources.postgres.database import Database
from resources.postgres.embedded import EmbeddedPostgres

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
