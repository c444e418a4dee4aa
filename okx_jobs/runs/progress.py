"""Progress of long work: bars on a terminal, a line per finished step elsewhere."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

FETCH_LOGGER = "okx_services.ingest.candle_fetch"
Item = TypeVar("Item")


class Steps:
    """Named steps; without a display and a console the work is done silently."""

    def __init__(self, console: Console | None = None, progress: Progress | None = None) -> None:
        self.console = console
        self.progress = progress

    def once(self, name: str, work: Callable[[], object]) -> None:
        """One piece of work under a name; work that returns 0 found everything there already."""
        began = time.monotonic()
        task = self.progress.add_task(name, total=1) if self.progress is not None else None
        found = work()
        if self.progress is not None and task is not None:
            self.progress.advance(task)
        self._tell(name, "already there" if found == 0 else f"done in {time.monotonic() - began:.0f} s")

    def each(self, name: str, items: Sequence[Item]) -> Iterator[Item]:
        """The items, each counted when the loop comes back for the next."""
        began = time.monotonic()
        task = self.progress.add_task(name, total=len(items)) if self.progress is not None else None
        for item in items:
            yield item
            if self.progress is not None and task is not None:
                self.progress.advance(task)
        if items:
            self._tell(name, f"{len(items)} done in {time.monotonic() - began:.0f} s")

    def _tell(self, name: str, outcome: str) -> None:
        """A line where there are no bars to look at."""
        if self.console is not None and self.progress is None:
            self.console.print(f"  {name:<14} {outcome}")


@contextmanager
def shown_steps(console: Console) -> Iterator[Steps]:
    """Steps with live bars where `console` is a terminal, printed lines where it is a file or a pipe."""
    if not console.is_terminal:
        yield Steps(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<14}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Steps(console, progress)


@contextmanager
def forwarded(logger: logging.Logger, tell: Callable[[str], None]) -> Iterator[None]:
    """While the block runs, messages of `logger` go to `tell`."""

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            tell(record.getMessage())

    listener, level = Listener(), logger.level
    logger.addHandler(listener)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(listener)


@contextmanager
def shown_fetch(console: Console, name: str) -> Iterator[None]:
    """A spinner that says how far a long fetch has come; lines now and then where there is no terminal."""
    with console.status(name) as status:
        show = (lambda text: status.update(f"{name}: {text}")) if console.is_terminal else console.print
        with forwarded(logging.getLogger(FETCH_LOGGER), show):
            yield
