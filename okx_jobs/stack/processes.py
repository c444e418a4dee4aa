"""Child processes: started clean, known by pid and birth, stopped in order."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from okx_core.errors import OkxSignalError
from okx_jobs.stack.log_files import begin, rotate, since_begin
from resources.http_probe import is_healthy

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.2
MEMBER_POLL_SECONDS = 0.02
GROUP_GRACE_SECONDS = 5.0


class ServiceError(OkxSignalError):
    """A service could not be started, or did not come up."""


@dataclass(frozen=True)
class Service:
    """One program of the stack. `health_url` is polled until it answers; without one the port is."""

    name: str
    command: Sequence[str]
    port: int | None
    port_setting: str
    health_url: str | None
    needs_secrets: bool = False
    further_ports: tuple[tuple[int, str], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)  # may hold a password

    @property
    def ports(self) -> tuple[tuple[int, str], ...]:
        """Every port it listens on, with the setting that moves it."""
        own = () if self.port is None else ((self.port, self.port_setting),)
        return own + self.further_ports


@dataclass(frozen=True)
class ProcessRecord:
    """Enough to know a process again after its pid has been reused."""

    name: str
    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(self.pid)
            alive = (
                abs(process.create_time() - self.created) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return None
        return process if alive else None


def record_of(name: str, pid: int) -> ProcessRecord:
    return ProcessRecord(name, pid, psutil.Process(pid).create_time())


def _fresh_signals() -> None:
    """In the child: default signal handling, and an end when the launcher dies.

    Dagster maps SIGTERM to the SIGINT handler it inherits: started with SIGINT ignored it could not be
    stopped at all.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def require_free_port(service: Service) -> None:
    """Refuse to start on ports that somebody else listens on, naming the port and its setting."""
    for port, setting in service.ports:
        if not is_free(port):
            raise ServiceError(
                f"port {port} for {service.name} is taken: stop what listens there, or set {setting} to a free port"
            )


def require_distinct_ports(services: Sequence[Service]) -> None:
    """Refuse two services on one port, naming both settings."""
    owners: dict[int, str] = {}
    for service in services:
        for port, setting in service.ports:
            if port in owners:
                raise ServiceError(f"{owners[port]} and {setting} are both {port}: give each its own port")
            owners[port] = setting


def start(service: Service, environment: Mapping[str, str], logs: Path) -> subprocess.Popen[bytes]:
    """Start the service in its own process group, its output in `logs`/<name>.log."""
    require_free_port(service)
    logs.mkdir(parents=True, exist_ok=True)
    rotate(logs / f"{service.name}.log")
    with (logs / f"{service.name}.log").open("ab") as log:
        begin(log, service.name)
        return subprocess.Popen(
            list(service.command),
            # A stranger's gql.py in the folder that `up` is called in is not to be imported by the stack.
            env={**environment, "PYTHONSAFEPATH": "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_fresh_signals,
        )


def wait_until_healthy(
    service: Service, process: subprocess.Popen[bytes], logs: Path, timeout: float = 120
) -> None:
    """Wait for the service's port or health page; show the end of its log when it dies or stays silent."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServiceError(f"{service.name} ended with code {process.returncode}: {_tail(service, logs)}")
        if answers(service):
            return
        time.sleep(POLL_SECONDS)
    raise ServiceError(f"{service.name} did not answer within {timeout:.0f} s: {_tail(service, logs)}")


def _tail(service: Service, logs: Path) -> str:
    path = logs / f"{service.name}.log"
    return f"{since_begin(path)} (whole log: {path})"


def answers(service: Service) -> bool:
    """True when the service is there."""
    if service.health_url is not None:
        return is_healthy(service.health_url)
    if service.port is None:
        return True
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", service.port)) == 0


def stop(record: ProcessRecord, grace: float = 15) -> None:
    """SIGTERM, then after `grace` seconds SIGKILL; whatever its group leaves behind goes too.

    A leader that was killed can leave its own children alive and on its port.
    """
    process = record.process()
    if process is not None:
        process.terminate()
        try:
            process.wait(grace)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(5)
    end_group(record.pid)


def stop_child(process: subprocess.Popen[bytes], grace: float = 15) -> None:
    """Stop a child of this process with its group, and collect its exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
    end_group(process.pid, min(grace, GROUP_GRACE_SECONDS))


def end_group(leader: int, grace: float = GROUP_GRACE_SECONDS) -> None:
    """End what is left of the session that `leader` began.

    While a member is alive the kernel gives its session's id to no other; a process that has the id
    itself is therefore a stranger who got it after the last member had gone.
    """
    if psutil.pid_exists(leader) and psutil.Process(leader).status() != psutil.STATUS_ZOMBIE:
        return
    members = [process for process in psutil.process_iter() if _session(process.pid) == leader]
    for process in members:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while (alive := [process for process in members if _runs(process)]) and time.monotonic() < deadline:
        time.sleep(MEMBER_POLL_SECONDS)
    for process in alive:
        _signal(process, signal.SIGKILL)


def _runs(process: psutil.Process) -> bool:
    """False also for a zombie: it has ended, though process 1 of a container may never collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return -1


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


@dataclass(frozen=True)
class ProcessRegistry:
    """The file in a home that lists the processes running in it."""

    path: Path

    def write(self, launcher: ProcessRecord, services: Sequence[ProcessRecord]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = {"launcher": vars(launcher), "services": [vars(record) for record in services]}
        scratch = self.path.with_suffix(".new")
        scratch.write_text(json.dumps(content, indent=1), encoding="utf-8")
        scratch.replace(self.path)

    def read(self) -> tuple[ProcessRecord | None, list[ProcessRecord]]:
        """The launcher and its services as last written; nothing when nothing was."""
        if not self.path.exists():
            return None, []
        content = json.loads(self.path.read_text(encoding="utf-8"))
        launcher = ProcessRecord(**content["launcher"])
        return launcher, [ProcessRecord(**entry) for entry in content["services"]]

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)
