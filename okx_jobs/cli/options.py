"""Shared by every command of `okxsignal`: settings, console, and the format of moments."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from resources.config.settings import Settings

MOMENT = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


def settings(*, trading: bool = True) -> "Settings":
    from resources.config.settings import load_settings

    return load_settings(trading=trading)


def console() -> "Console":
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 140)


def utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
