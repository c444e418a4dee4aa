"""`okxsignal why-not`: which gates keep pairs from being bought."""

from datetime import datetime, timedelta

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_core.hours import HOUR
from okx_jobs.stack import services
from okx_services.reports import why_not as report
from resources.config.settings import Settings
from resources.postgres.database import Database
from resources.stores import open_database

GATE_HEAD = ("gate", "newest hour", "rejected")


def show_why_not(pair: str | None, days: int, settings: Settings, console: Console) -> None:
    """The newest `days` of signals: by pair and by day, or every gate of one pair."""
    services.require_home(settings)
    with services.working_database(settings):
        print_why_not(open_database(settings.database), pair, days, console)


def print_why_not(database: Database, pair: str | None, days: int, console: Console) -> None:
    """The tables of `okxsignal why-not`, of the last `days` before the newest signal."""
    newest: datetime | None = database.scalar("select max(timestamp_utc) from trading.signals")
    if newest is None:
        console.print(
            "There are no signals yet: run `okxsignal run-hour`, or `okxsignal up` and wait for an hour."
        )
        return
    end = newest + HOUR
    signals = report.read_signals(database, end - timedelta(days=days), end)
    if pair is not None:
        moment, lines = report.of_pair(signals, pair)
        _print(
            f"{pair}, hour {moment:%Y-%m-%d %H:%M} UTC and the {days} days before", GATE_HEAD, lines, console
        )
        return
    _print(
        f"Pairs, {days} days to {newest:%Y-%m-%d %H:%M} UTC",
        report.PAIR_HEAD,
        report.by_pair(signals),
        console,
    )
    head, lines = report.by_day(signals)
    _print("Signals by the first gate that rejects them", head, lines, console)
    words = ", ".join(f"{gate} {count:,}" for gate, count in report.shares(signals))
    console.print(
        f"Of {len(signals):,} signals each gate rejects, first or not: {words or 'none'}. A signal that passes is "
        "bought only if the limits have room: `okxsignal status`. One pair: okxsignal why-not BTC-USDT",
        soft_wrap=True,
    )


def _print(title: str, head: tuple[str, ...], lines: list[list[str]], console: Console) -> None:
    table = Table(*head, title=title, title_justify="left")
    for line in lines:
        table.add_row(*(escape(cell) for cell in line))
    console.print(table)
