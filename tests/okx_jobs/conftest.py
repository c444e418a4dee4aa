"""The `okxsignal` command in an environment of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.okx_jobs.command_server import CommandServer
from tests.ports import free_port

OKXSIGNAL = Path(sys.executable).with_name("okxsignal")
PORTS = ("DAGSTER_PORT", "CODE_SERVER_PORT", "MLFLOW_PORT", "SIMULATOR_PORT", "SIMULATOR_ADMIN_PORT")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """A user's shell in an empty directory, with a home below it."""

    directory: Path
    environment: dict[str, str]
    server: CommandServer

    @property
    def home(self) -> Path:
        return self.directory / "home"

    def __call__(self, *words: str, **settings: str) -> Answer:
        extra = {f"OKXSIGNAL_{name}": value for name, value in settings.items()}
        with TemporaryDirectory() as place:
            out, err = Path(place, "out"), Path(place, "err")
            code = self.server.run(words, self.directory, self.environment | extra, out, err)
            return Answer(code, out.read_text(), err.read_text())

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The command in the background, as a terminal would start it."""
        return subprocess.Popen(
            [OKXSIGNAL, *words], cwd=self.directory, env=self.environment, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=_hear_signals,
        )  # fmt: skip


def _hear_signals() -> None:
    """A terminal's command hears Ctrl-C, also where the tests themselves run in the background and do not."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def command_server() -> Iterator[CommandServer]:
    server = CommandServer()
    yield server
    server.close()


@pytest.fixture
def shell(tmp_path: Path, command_server: CommandServer, quick_servers: None) -> Iterator[Shell]:  # noqa: ARG001
    from resources.postgres.embedded import EmbeddedPostgres

    kept = {name: os.environ[name] for name in ("PATH", "LANG", "NUMBA_CACHE_DIR") if name in os.environ}
    ports = {f"OKXSIGNAL_{name}": str(free_port()) for name in PORTS}
    shell = Shell(
        tmp_path,
        {**kept, **ports, "HOME": str(tmp_path), "OKXSIGNAL_HOME": str(tmp_path / "home")},
        command_server,
    )
    yield shell
    EmbeddedPostgres(shell.home).forget()


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]
