"""`okxsignal report`: the report of a backtest as files in the home, and in the browser."""

import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from okx_core.errors import OkxSignalError
from okx_jobs.stack import services
from okx_services.research.strategies.record import FILES, REPORT
from resources.config.settings import Settings
from resources.postgres.database import Database
from resources.registry.tracking import Tracking
from resources.stores import open_database

FOLDER = "reports"
LATEST = (
    "select * from backtests.strategy_runs where $1 = '' or strategy = $1 or starts_with(run_id, $1) "
    "order by made_at desc limit 1"
)


def show_report(wanted: str, settings: Settings, console: Console, *, opens: bool) -> Path:
    """Write the files of the newest backtest, or of the newest that `wanted` names; the page is opened on demand."""
    services.require_home(settings)
    with services.working_database(settings):
        row = chosen_run(open_database(settings.database), wanted)
    if not all((folder_of(row, settings.home) / name).is_file() for name in FILES):
        with services.working_services(settings):
            services.wait_for_mlflow(settings)
            save_report(row, settings)
    console.print(
        f"{row['strategy']} {row['version']} on {row['candles']}, {row['start_time']:%Y-%m-%d} to "
        f"{row['end_time']:%Y-%m-%d}, run {row['run_id'][:8]}",
        soft_wrap=True, highlight=False,
    )  # fmt: skip
    return print_report(row, settings.home, console, opens=opens)


def folder_of(row: Mapping[str, Any], home: Path) -> Path:
    """Where the files of a kept backtest are written."""
    return home / FOLDER / f"{row['made_at']:%Y-%m-%d_%H%M%S}_{row['strategy']}"


def save_report(row: Mapping[str, Any], settings: Settings) -> None:
    """Write the files of a kept backtest from MLflow. Raises TrackingError where one is gone."""
    folder = folder_of(row, settings.home)
    folder.mkdir(parents=True, exist_ok=True)
    tracking = Tracking(settings.tracking_url)
    for name in FILES:
        tracking.save_file(row["mlflow_run_id"], name, folder)


def print_report(row: Mapping[str, Any], home: Path, console: Console, *, opens: bool) -> Path:
    """Say where the page is and what lies beside it, and open it on demand."""
    page = folder_of(row, home) / REPORT
    console.print(f"report: {page}", soft_wrap=True, highlight=False)
    console.print(f"beside it: {', '.join(name for name in FILES if name != REPORT)}", highlight=False)
    if opens and not webbrowser.open(page.as_uri()):
        console.print(f"no browser could be started: open {page.as_uri()}", soft_wrap=True, highlight=False)
    return page


def chosen_run(database: Database, wanted: str) -> dict[str, Any]:
    """The newest backtest; with `wanted` of that strategy, or the one whose run begins so. Raises OkxSignalError."""
    found = database.rows(LATEST, (wanted,))
    if found:
        return dict(found[0])
    known = database.rows(
        "select strategy, run_id from backtests.strategy_runs order by made_at desc limit 5"
    )
    if not known:
        raise OkxSignalError("no backtest has been made in this home: run `okxsignal backtest` first")
    names = ", ".join(f"{row['strategy']} ({row['run_id'][:8]})" for row in known)
    raise OkxSignalError(
        f"no backtest {wanted}: give a strategy or the beginning of a run; the newest are {names}"
    )
