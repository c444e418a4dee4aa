"""A service is stopped with all it started, even when its leader was killed first."""

import subprocess
import sys
import time

import psutil
import pytest

from okx_jobs.stack.processes import (
    Service,
    ServiceError,
    record_of,
    require_distinct_ports,
    stop,
    stop_child,
)

LEADER = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the tests may run where it is ignored
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def leader_with_child() -> tuple[subprocess.Popen[str], psutil.Process]:
    leader = subprocess.Popen(
        [sys.executable, "-c", LEADER], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert leader.stdout is not None
    child = psutil.Process(int(leader.stdout.readline()))
    leader.stdout.close()
    return leader, child


def require_gone(child: psutil.Process) -> None:
    """Killed processes take a moment to go."""
    deadline = time.monotonic() + 5
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_child_of_a_killed_leader_is_stopped_too() -> None:
    leader, child = leader_with_child()
    record = record_of("service", leader.pid)
    leader.kill()
    leader.wait()
    assert child.is_running()
    stop(record)
    require_gone(child)


def test_a_leader_that_is_alive_goes_with_its_child() -> None:
    leader, child = leader_with_child()
    stop_child(leader)
    require_gone(child)
    assert leader.returncode is not None


def test_two_services_on_one_port_are_refused_with_both_settings() -> None:
    services = [Service(name, [], 5000, f"OKXSIGNAL_{name}_PORT", None) for name in ("A", "B")]
    with pytest.raises(ServiceError, match="OKXSIGNAL_A_PORT and OKXSIGNAL_B_PORT are both 5000"):
        require_distinct_ports(services)
