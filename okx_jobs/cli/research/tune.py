"""`okxsignal tune`: a search over the parameters of a strategy, its progress, and what it recommends."""

import logging
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from okx_jobs.cli.research.backtest import prepare, print_table
from okx_jobs.cli.research.report import FOLDER
from okx_jobs.dagster_jobs.strategy_tuning import STEP, Tuning, config_of, tune_strategy
from okx_jobs.research.strategy_tuning import TuningRequest, require_tunable
from okx_jobs.runs.progress import forwarded
from okx_jobs.runs.runner import Pipeline, quiet_instance
from okx_jobs.stack import services
from okx_services.research.tuning import tune as use_case
from okx_services.research.tuning.record import FILES, PAGE
from okx_services.research.tuning.tables import (
    CHOICE_HEAD,
    FIGURE_HEAD,
    INSTEAD_HEAD,
    choice_rows,
    figure_rows,
    instead_rows,
)
from resources.config.settings import Settings
from resources.registry.tracking import Tracking

EVERY = 10  # lines of progress, where they cannot be written over each other


def tune_and_print(
    request: TuningRequest, settings: Settings, console: Console, *, opens: bool = False
) -> Tuning:
    """Search as a run of Dagster, keep it in MLflow and in the ledger of trials, print, and write the page."""
    require_tunable(request, settings.home)
    prepare(request, settings, console)
    with services.working_services(settings), quiet_instance(settings.home) as instance:
        services.wait_for_mlflow(settings)
        with shown_search(console, request.strategy):
            result = Pipeline(instance).run(tune_strategy.name, config=config_of(request))
        made: Tuning = result.output_for_node(STEP)
        page = save_page(made, settings)
    print_tuning(made, console)
    console.print(f"page: {page}", soft_wrap=True, highlight=False)
    console.print(f"beside it: {', '.join(name for name in FILES if name != PAGE)}", highlight=False)
    if opens and not webbrowser.open(page.as_uri()):
        console.print(f"no browser could be started: open {page.as_uri()}", soft_wrap=True, highlight=False)
    return made


@contextmanager
def shown_search(console: Console, strategy: str) -> Iterator[None]:
    """A spinner with the newest score; a line now and then where there is no terminal."""
    lines = 0
    with console.status(f"{strategy}: features, costs, gates") as status:

        def show(words: str) -> None:
            nonlocal lines
            lines += 1
            if console.is_terminal:
                status.update(f"{strategy}: {words}")
            elif lines % EVERY == 1:
                console.print(f"  {words}", highlight=False, soft_wrap=True)

        with forwarded(logging.getLogger(use_case.__name__), show):
            yield


def save_page(made: Tuning, settings: Settings) -> Path:
    """Write page and tables of a search from MLflow into the home; the page. Raises TrackingError."""
    folder = settings.home / FOLDER / f"{datetime.now(UTC):%Y-%m-%d_%H%M%S}_tune_{made.found.strategy}"
    folder.mkdir(parents=True, exist_ok=True)
    tracking = Tracking(settings.tracking_url)
    for name in FILES:
        tracking.save_file(made.logged.run_id, name, folder)
    return folder / PAGE


def print_tuning(made: Tuning, console: Console) -> None:
    """What to do and why, the figures of the test hours beside the defaults, and what each fold chose."""
    found, advice = made.found, made.found.recommendation
    console.print(advice.sentence, style="bold", soft_wrap=True, highlight=False)
    for line in advice.reasons:
        console.print(f"  - {line}", soft_wrap=True, highlight=False)
    console.print(advice.evidence, soft_wrap=True, highlight=False)
    if not advice.plateau.is_peak:
        console.print(f"{advice.plateau.words}.", soft_wrap=True, highlight=False)
    print_table(FIGURE_HEAD, figure_rows(found), console)
    print_table(INSTEAD_HEAD, instead_rows(found), console)
    print_table(CHOICE_HEAD, choice_rows(found), console, left=(2,))
    if made.note:
        console.print(made.note, soft_wrap=True)
    console.print(f"in MLflow: {made.logged.url}", soft_wrap=True)
