"""`okxsignal up --detach`: the stack without a terminal, started and known to be up before the command ends."""

import subprocess
import sys
import time

from rich.console import Console

from okx_jobs.stack import services
from okx_jobs.stack.home_command import command_for
from okx_jobs.stack.log_files import begin, rotate, since_begin
from okx_jobs.stack.processes import ServiceError, answers
from okx_jobs.stack.programs import stack
from okx_jobs.stack.up import addresses, require_startable
from resources.config.settings import Settings

START_SECONDS = 240.0
POLL_SECONDS = 0.5


def up_detached(settings: Settings, console: Console) -> None:
    """Start `okxsignal up` in a session of its own; raises ServiceError with its last words when it fails."""
    require_startable(settings)
    log = services.logs(settings.home) / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    rotate(log)
    with log.open("ab") as output:
        begin(output, "okxsignal up")
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "okx_jobs.cli.main", "up"],
            env=services.environment_for(settings.home),
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    with console.status("starting"):
        _wait(settings, process)
    console.print(addresses(settings), soft_wrap=True)
    console.print(
        f"It runs without this terminal (pid {process.pid}, log {log}). `{command_for(settings.home)} down` stops it.",
        soft_wrap=True, highlight=False,
    )  # fmt: skip


def _wait(settings: Settings, process: "subprocess.Popen[bytes]") -> None:
    log, deadline = services.logs(settings.home) / "up.log", time.monotonic() + START_SECONDS
    while not _is_up(settings):
        if process.poll() is not None:
            raise ServiceError(f"okxsignal up has ended: {since_begin(log)} (whole log: {log})")
        if time.monotonic() > deadline:
            raise ServiceError(
                f"okxsignal up (pid {process.pid}) is not up after {START_SECONDS:.0f} s and goes on trying: see "
                f"{log}, or end it with `{command_for(settings.home)} down`"
            )
        time.sleep(POLL_SECONDS)


def _is_up(settings: Settings) -> bool:
    """Whether every service of the stack is listed in the home and answers."""
    _, records = services.process_registry(settings.home).read()
    alive = {record.name for record in records if record.process() is not None}
    return all(service.name in alive and answers(service) for service in stack(settings))
