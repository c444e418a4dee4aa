"""A command ends on a signal, also where the exception that the signal raises is lost."""

import signal
import subprocess
import sys
import time

import pytest

COMMAND = """
import signal, sys, time
from okx_jobs.stack import signals

signals.AGAIN_SECONDS = 0.3
for number in signals.ENDING:
    signal.signal(number, signals.interrupt)

class Lost:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(30)

class Lasting:
    # Takes longer to end than an alarm to come: at the very end, when Python knows no handler any more.
    def __del__(self):
        end = time.monotonic() + 0.7
        while time.monotonic() < end:
            pass

def work(lose):
    with signals.interruptible():
        lose()
        print("went on", flush=True)
        time.sleep(30)

def in_a_finaliser():
    lost = Lost()
    del lost

def in_a_library():
    try:
        print("ready", flush=True)
        time.sleep(30)
    except BaseException:
        pass

try:
    work({lose})
except KeyboardInterrupt:
    lasting = Lasting()
    print("stopped", flush=True)
    try:
        work(lambda: print("began again", flush=True))
    except KeyboardInterrupt:
        time.sleep(0.7)
        print("in order", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("lose", ["in_a_finaliser", "in_a_library"])
def test_an_interrupt_that_is_lost_comes_again_and_nothing_begins_after_it(number: int, lose: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND.replace("{lose}", lose)], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    process.send_signal(number)
    printed, _ = process.communicate(timeout=25)
    assert printed.splitlines() == ["went on", "stopped", "in order"]
    assert process.returncode == 0
    assert time.monotonic() - began < 20
