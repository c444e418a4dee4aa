"""`okxsignal service`: a systemd unit that keeps `okxsignal up` running on a machine."""

import os
import re
import sys
from pathlib import Path

from rich.console import Console

from okx_jobs.stack.down import RUN_GRACE_SECONDS
from resources.config.declarations import PROJECT, variable_of
from resources.config.settings import Settings, names_in_environment

UNIT = """\
# Written by `okxsignal service`.
[Unit]
Description=OKXsignal in {description}
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart={command} --home {home} up
WorkingDirectory={folder}
# SIGTERM to `up` alone: it stops the others in order, the database last.
KillMode=mixed
KillSignal=SIGTERM
TimeoutStopSec={stop_seconds:.0f}
Restart=on-failure
RestartSec=10
# 2: a wrong setting. Starting again would not help.
RestartPreventExitStatus=2

[Install]
WantedBy={target}
"""


def unit_text(home: Path, *, for_root: bool) -> str:
    """The unit of a home. Settings come from `.env` files; the environment of a shell is not there."""
    program = Path(sys.executable).with_name("okxsignal")
    return UNIT.format(
        description=_escaped(str(home)), command=_quoted(str(program)), home=_quoted(str(home)),
        folder=_escaped(str(PROJECT)), stop_seconds=2 * RUN_GRACE_SECONDS + 120,
        target="multi-user.target" if for_root else "default.target",
    )  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "%%")


def _quoted(text: str) -> str:
    """One word of a command line, as systemd reads it."""
    return '"' + _escaped(text).replace('"', '\\"').replace("$", "$$") + '"'


def unit_name(home: Path) -> str:
    """okxsignal.service for the default home, else with the name of the home."""
    if home == Settings().home:
        return "okxsignal.service"
    return f"okxsignal-{re.sub(r'[^A-Za-z0-9]+', '-', str(home)).strip('-').lower()}.service"


def write_unit(settings: Settings, console: Console, *, only_print: bool) -> None:
    """Write the unit where systemd looks for it, and say how to start it."""
    for_root = os.geteuid() == 0
    text = unit_text(settings.home, for_root=for_root)
    if only_print:
        console.print(text, soft_wrap=True, highlight=False, markup=False)
        return
    units = Path("/etc/systemd/system") if for_root else Path.home() / ".config/systemd/user"
    units.mkdir(parents=True, exist_ok=True)
    target = units / unit_name(settings.home)
    target.write_text(text, encoding="utf-8")
    user = "" if for_root else " --user"
    lines = [
        f"written: {target}",
        f"start it now and at every boot: systemctl{user} daemon-reload && systemctl{user} enable --now {target.name}",
        f"stop it in order:               systemctl{user} stop {target.name}",
    ]
    if not for_root:
        lines.append("let it run while you are logged out: loginctl enable-linger")
    console.print(
        "\n".join([*lines, *_missing_settings(settings)]), soft_wrap=True, highlight=False, markup=False
    )


def _missing_settings(settings: Settings) -> list[str]:
    """Settings that only this shell has."""
    names = [variable_of(name) for name in names_in_environment() if name != "home"]
    if not names:
        return []
    return [f"the unit does not see this shell: write {', '.join(names)} to {settings.home / '.env'}"]
