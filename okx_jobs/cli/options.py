"""Shared by every command of `okxsignal`: settings, console, the format of moments, the words of a failure."""

import errno
import math
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from okx_core.errors import OkxSignalError

if TYPE_CHECKING:
    from rich.console import Console

    from resources.config.settings import Settings

MOMENT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


class Strength(click.FloatRange):
    """How strong an edge is planted, 0 to 3. A plain range lets nan through, which compares with nothing."""

    name = "strength"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = click.FLOAT.convert(value, param, ctx)
        if math.isnan(number):
            self.fail("nan is no strength; give a number from 0 (noise) to 3", param, ctx)
        return super().convert(number, param, ctx)


STRENGTH = Strength(0, 3)

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
DATABASE_DRIVERS = ("psycopg", "adbc_driver")


def words_of(error: Exception) -> str | None:
    """What a user reads about an error, with the remedy; None for a fault of ours, which shows its traceback."""
    if isinstance(error, OkxSignalError):
        return str(error)
    if isinstance(error, OSError) and (error.filename is not None or error.errno in DISK_FULL):
        place = f" {error.filename}" if error.filename else ""
        if error.errno in DISK_FULL:
            return (
                f"cannot write{place}: the disk is full; free space, or choose another home with --home DIR"
            )
        return f"cannot use{place}: {error.strerror}; give the right to it, or choose another home with --home DIR"
    if type(error).__module__.startswith(DATABASE_DRIVERS):
        said = " ".join(str(error).split())
        if "No space left on device" in said:
            return f"the database cannot write, its disk is full: {said}; free space there, then run it again"
        return f"the database ended the work: {said}; finished work is kept, see `okxsignal doctor`, then run it again"
    return None


def settings(*, trading: bool = True) -> "Settings":
    from resources.config.settings import load_settings

    return load_settings(trading=trading)


def console() -> "Console":
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 140)


def utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
