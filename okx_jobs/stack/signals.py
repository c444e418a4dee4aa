"""Every signal that asks for an end leads to the same ordered stop: Ctrl-C, kill, a closed terminal."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
AGAIN_SECONDS = 5.0


def leave_terminal() -> None:
    """Let nothing be written to a terminal that is gone: it would raise in the middle of the stop."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        if stream is not None and stream.isatty():
            os.dup2(nowhere, number)
    os.close(nowhere)


@contextmanager
def stop_on_signal(stopped: threading.Event) -> Iterator[None]:
    """Set `stopped` on a signal of ENDING while the block runs; a second one changes nothing."""

    def note(number: int, _frame: object) -> None:
        if number == signal.SIGHUP:
            leave_terminal()
        stopped.set()

    previous = {number: signal.signal(number, note) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


_ended = threading.Event()


def interrupt(number: int, _frame: object) -> None:
    """A command ends on every signal like on Ctrl-C: its services are stopped on the way out."""
    if number == signal.SIGHUP:
        leave_terminal()
    _ended.set()
    if _working:
        signal.signal(signal.SIGALRM, _interrupt_again)
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS, AGAIN_SECONDS)
    raise KeyboardInterrupt


def _interrupt_again(_number: int, _frame: object) -> None:
    if _working:
        raise KeyboardInterrupt


_working: list[None] = []


@contextmanager
def interruptible() -> Iterator[None]:
    """Work that `interrupt` ends for certain, and that does not begin after it.

    Python drops an exception that is raised in a finaliser or in a hook of a fork, and libraries catch it: until
    the work has ended it is raised again and again.
    """
    _raise_if_ended()
    _working.append(None)
    try:
        yield
    finally:
        _working.pop()
        if not _working:  # an alarm that comes while Python itself ends would kill it
            signal.setitimer(signal.ITIMER_REAL, 0.0)
    _raise_if_ended()


def _raise_if_ended() -> None:
    if _ended.is_set():
        raise KeyboardInterrupt
