"""Children: ports, health, pids, the process_registry."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from okx_jobs.stack.processes import (
    ProcessRecord,
    ProcessRegistry,
    Service,
    ServiceError,
    answers,
    record_of,
    require_free_port,
    start,
    stop,
    stop_child,
    wait_until_healthy,
)
from tests.ports import free_port

SLEEPER = Service("sleeper", ["sleep", "60"], None, "OKXSIGNAL_SLEEPER_PORT", None)


@pytest.fixture
def sleeper(tmp_path: Path):
    child = start(SLEEPER, os.environ, tmp_path)
    yield child
    stop_child(child)


def test_a_taken_port_is_named_with_its_setting(taken_port: int) -> None:
    service = replace(SLEEPER, port=taken_port)
    with pytest.raises(
        ServiceError, match=f"port {taken_port} for sleeper is taken: .* set OKXSIGNAL_SLEEPER_PORT"
    ):
        require_free_port(service)
    assert answers(service)


def test_a_free_port_and_no_port_pass() -> None:
    require_free_port(SLEEPER)
    free = replace(SLEEPER, port=free_port())
    require_free_port(free)
    assert not answers(free)


def test_a_service_imports_nothing_of_the_folder_that_it_is_started_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yaml.py").write_text("raise SystemExit(7)")
    monkeypatch.chdir(tmp_path)
    service = replace(SLEEPER, command=[sys.executable, "-m", "tabnanny", os.devnull], port=None)
    (tmp_path / "tabnanny.py").write_text("raise SystemExit(8)")
    assert start(service, os.environ, tmp_path).wait(timeout=60) == 0
    service = replace(service, command=[sys.executable, "-c", "import yaml"])
    assert start(service, os.environ, tmp_path).wait(timeout=60) == 0


def test_a_service_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    service = replace(
        SLEEPER, command=[sys.executable, "-c", "print('no such tape'); raise SystemExit(3)"], port=1
    )
    child = start(service, os.environ, tmp_path)
    with pytest.raises(ServiceError, match="sleeper ended with code 3: no such tape"):
        wait_until_healthy(service, child, tmp_path)


def test_a_service_that_stays_silent_is_reported_with_its_log(tmp_path: Path, sleeper) -> None:
    with pytest.raises(ServiceError, match=r"did not answer within 0 s: .*sleeper.log"):
        wait_until_healthy(replace(SLEEPER, port=1), sleeper, tmp_path, timeout=0.3)


def test_a_running_process_is_known_by_pid_and_birth(sleeper) -> None:
    record = record_of("sleeper", sleeper.pid)
    assert record.process() == psutil.Process(sleeper.pid)


def test_a_reused_pid_is_somebody_else(sleeper) -> None:
    """The pid exists, but its process started at another time: it must neither count as ours nor be stopped."""
    stranger = replace(
        record_of("sleeper", sleeper.pid), created=psutil.Process(sleeper.pid).create_time() - 60
    )
    assert stranger.process() is None
    stop(stranger)
    assert sleeper.poll() is None


def test_a_dead_or_zombie_process_is_gone() -> None:
    child = subprocess.Popen(["true"])
    record = ProcessRecord("short", child.pid, psutil.Process(child.pid).create_time())
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        pass
    assert record.process() is None
    child.wait()
    assert record.process() is None


def test_a_child_that_does_not_listen_is_killed_with_its_workers(tmp_path: Path) -> None:
    program = (
        "import signal, subprocess, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "worker = subprocess.Popen(['sleep', '60']); print(worker.pid, flush=True); time.sleep(60)"
    )
    child = start(replace(SLEEPER, command=[sys.executable, "-c", program]), os.environ, tmp_path)
    log = tmp_path / "sleeper.log"
    while len(log.read_text().splitlines()) < 2:
        pass
    worker = psutil.Process(int(log.read_text().splitlines()[1]))
    stop_child(child, grace=0.2)
    assert child.returncode is not None
    deadline = time.monotonic() + 5
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the worker outlived the child that started it"
        time.sleep(0.02)


class TestProcessRegistry:
    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        process_registry = ProcessRegistry(tmp_path / "deep" / "services.json")
        launcher, child = ProcessRecord("okxsignal up", 10, 1.5), ProcessRecord("mlflow", 11, 2.25)
        process_registry.write(launcher, [child])
        assert process_registry.read() == (launcher, [child])
        assert [path.name for path in process_registry.path.parent.iterdir()] == ["services.json"]

    def test_without_a_file_nobody_runs(self, tmp_path: Path) -> None:
        process_registry = ProcessRegistry(tmp_path / "services.json")
        assert process_registry.read() == (None, [])
        process_registry.clear()
        process_registry.write(ProcessRecord("a", 1, 1.0), [])
        process_registry.clear()
        assert process_registry.read() == (None, [])


def test_logs_are_appended_to_so_that_the_words_before_a_crash_survive(tmp_path: Path) -> None:
    for word in ("first", "second"):
        child = start(replace(SLEEPER, command=["echo", word]), os.environ, tmp_path)
        child.wait(10)
    assert (tmp_path / "sleeper.log").read_text().splitlines()[1::2] == ["first", "second"]
