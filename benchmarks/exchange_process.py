"""The simulated exchange in a process of its own, so that its work is not ours."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from resources.simulator.admin import SimulatorAdmin


@contextmanager
def exchange_process(
    home: Path, pairs: int, now: datetime, limited: bool, *options: str
) -> Iterator[tuple[str, SimulatorAdmin]]:
    """Base URL and admin port of an exchange in its own process, its clock stopped at `now`."""
    command = [
        sys.executable, "-m", "okx_simulator", "--port", "0", "--admin-port", "0", "--home", str(home),
        "--pairs", str(pairs), "--clock", f"fixed:{now:%Y-%m-%dT%H:%M:%SZ}", *options,
        *([] if limited else ["--no-rate-limits"]),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.match(r"exchange (\S+)  admin (\S+)", line)
            if found is None:
                raise RuntimeError(f"the simulator did not start: {line!r}")
            yield found[1], SimulatorAdmin(found[2])
        finally:
            process.terminate()
