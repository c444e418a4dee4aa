"""`okxsignal models --compare`: the ensemble in charge against its challengers, and what has drifted."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_core.hours import week_start
from okx_jobs.stack import services
from okx_services.reports.lifecycle import (
    COMPARISON_HEAD,
    DRIFT_HEAD,
    comparison_cells,
    drift_cells,
    newest_comparison,
    newest_drift,
)
from okx_services.research.lifecycle.comparison import compare_week
from resources.config.settings import Settings
from resources.stores import open_exchange, open_feature_store

NO_CHALLENGER = (
    "No challenger has predicted yet: `okxsignal up` refits members, `okxsignal search` finds others."
)
NO_DRIFT = "Drift has not been checked yet: `okxsignal up` does each day."


def show_comparison(settings: Settings, console: Console) -> None:
    """Compare on the hours before the week that has begun, keep it, and print it with the newest check for drift."""
    services.require_home(settings)
    with services.working_services(settings):
        store = open_feature_store(settings.database, settings.feature_store)
        now = open_exchange(settings.exchange).now()
        found = compare_week(store, settings.models.members, week_start(now).date(), now)
        rows = newest_comparison(store.database) if found.rows else []
        print_comparison(found.champion, rows, newest_drift(store.database), console)


def print_comparison(
    champion: str, compared: Sequence[Mapping[str, Any]], drift: Sequence[Mapping[str, Any]], console: Console
) -> None:
    """Both tables, and what they mean in a sentence each."""
    console.print(f"In charge: {escape(champion)}", soft_wrap=True)
    if compared:
        table = Table(*COMPARISON_HEAD, title="On the same hours, after costs", title_justify="left")
        for row in compared:
            table.add_row(*comparison_cells(row))
        console.print(table)
    for row in compared:
        console.print(escape(row["conclusion"]), soft_wrap=True)
    if not compared:
        console.print(NO_CHALLENGER, soft_wrap=True)
    if drift:
        table = Table(*DRIFT_HEAD, title=f"Drift on {drift[0]['day']}", title_justify="left")
        for row in drift:
            table.add_row(*drift_cells(row))
        console.print(table)
    for row in drift:
        if row["reason"]:
            console.print(f"{row['model']}: {escape(row['reason'])}", soft_wrap=True)
    if not drift:
        console.print(NO_DRIFT, soft_wrap=True)
