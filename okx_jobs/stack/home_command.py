"""The command that works on a home, to be pasted into a shell."""

import shlex
from pathlib import Path

from resources.config.settings import Settings


def command_for(home: Path) -> str:
    """`okxsignal` with the home where it needs one, quoted for a shell. The default home needs no option."""
    if home == Settings().home:
        return "okxsignal"
    short = home.relative_to(Path.cwd()) if home.is_relative_to(Path.cwd()) else home
    return f"okxsignal --home {shlex.quote(str(short))}"
