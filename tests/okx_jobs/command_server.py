"""`okxsignal` in processes of its own, without importing Dagster and pandas anew for each: forks of one that has.

The server reads a request a line, {"words", "directory", "environment", "out", "err"}, forks, and answers with
the exit code once the command has ended. The fork does what the executable does; `start` of the shell runs the
executable itself.
"""

import atexit
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import NoReturn

import psutil

from tests.clusters import keep_one, quick_clusters

IMPORTS = (
    "dagster", "okx_jobs.cli.commands", "okx_jobs.cli.doctor", "okx_jobs.cli.main", "okx_jobs.cli.settings_guide",
    "okx_jobs.cli.store_report", "okx_jobs.cli.validation", "okx_jobs.stack.detach", "okx_jobs.stack.down",
    "okx_jobs.stack.systemd_unit", "okx_jobs.stack.up",
)  # fmt: skip


class CommandServer:
    """The server's process, as the tests use it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.okx_jobs.command_server"], cwd=Path(__file__).parents[2], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def run(
        self, words: tuple[str, ...], directory: Path, environment: dict[str, str], out: Path, err: Path
    ) -> int:
        """The exit code of a command; a signal that ended it is negative, as in `subprocess`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"words": words, "directory": str(directory), "environment": environment}
        self._process.stdin.write(json.dumps(request | {"out": str(out), "err": str(err)}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the server, and a command that a test gave up."""
        commands = psutil.Process(self._process.pid).children(recursive=True)
        for command in commands:
            command.kill()
        self._process.communicate(timeout=30)


def become_the_command(request: dict[str, object]) -> None:
    """Turn this fork into a fresh process of the executable, up to its first line."""
    for number, place in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        os.dup2(os.open(str(place), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    os.chdir(str(request["directory"]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.argv = [str(Path(sys.executable).with_name("okxsignal")), *request["words"]]  # type: ignore[misc]


def leave(code: object) -> NoReturn:
    """End this fork as Python ends, without taking apart the hundreds of modules that it never used: that takes 1 s."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if isinstance(code, str):
        print(code, file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


def serve() -> None:
    """Answer requests until there are no more."""
    for module in IMPORTS:
        importlib.import_module(module)
    with quick_clusters():
        keep_one()
        assert threading.active_count() == 1, "a fork would lose the other threads"
        for line in iter(sys.stdin.readline, ""):
            pid = os.fork()
            if pid == 0:
                become_the_command(json.loads(line))
                from okx_jobs.cli.main import main

                try:
                    main()
                except SystemExit as ended:
                    leave(ended.code)
                leave(0)
            _, status = os.waitpid(pid, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
