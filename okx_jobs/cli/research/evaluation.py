"""`okxsignal research evaluate`: walk-forward on recorded, stored or synthetic candles, and the table of figures."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from okx_core.models.training.schedule import WalkForward
from okx_core.models.walk_forward import with_threads
from okx_jobs.cli.research.shown_progress import shown_progress
from okx_jobs.research.chosen_candles import CandleChoice, chosen_candles
from okx_jobs.stack import services
from okx_services.research.evaluation.evaluate import Evaluation, chosen_members, evaluate_candles
from okx_services.research.evaluation.words import HEAD, evaluation_words, variant_rows
from okx_services.research.trials import count_evaluated, tried_before, variant_names
from resources.config.settings import Settings
from resources.evaluated_files import note_variants
from resources.stores import open_database


@dataclass(frozen=True)
class EvaluationRequest(CandleChoice):
    """Which candles, members and training dates, and where the results go."""

    members: str | None = None
    schedule: WalkForward = field(default_factory=WalkForward)
    tried_before: int = 0
    threads: int = 1
    out: Path | None = None
    plot: Path | None = None


def run_evaluation(request: EvaluationRequest, settings: Settings, console: Console) -> Evaluation:
    """Evaluate and print; writes the predictions and the plot where the request names files."""
    if request.is_stored:
        services.require_home(settings)
    members = tuple(with_threads(spec, request.threads) for spec in chosen_members(request.members))
    with services.working_database(settings) if request.is_stored else nullcontext():
        candles, origin = chosen_candles(request, lambda: open_database(settings.database))
    tried = tried_before(request.candles, settings.home, members, request.tried_before)
    with shown_progress(console) as report:
        found = evaluate_candles(
            candles, request.start, request.end, members, request.schedule, tried, request.threads, report
        )
    if request.candles is not None:
        note_variants(settings.home, request.candles, variant_names(members))
    panel = found.predictions.panel
    console.print(
        f"{origin}: {len(panel.pairs)} pairs, {panel.moment(0):%Y-%m-%d} to {panel.moment(panel.hours):%Y-%m-%d}, "
        f"{len(panel.names)} features, {len(found.predictions.dates)} training dates"
    )
    print_evaluation(found, console)
    if request.is_stored:
        with services.working_database(settings):
            count_evaluated(open_database(settings.database), members, datetime.now(UTC))
            console.print("What was evaluated counts in ml.trials of this home: its gate asks for more now.")
    _write(found, request, console)
    return found


def print_evaluation(found: Evaluation, console: Console) -> None:
    """The table of variants, the calibration of the ensemble, and how many variants were tried."""
    table = Table(HEAD[0], box=None, pad_edge=False)
    for name in HEAD[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    for cells in variant_rows(found):
        table.add_row(*cells)
    console.print(table)
    for words in evaluation_words(found):
        console.print(words, soft_wrap=True)


def _write(found: Evaluation, request: EvaluationRequest, console: Console) -> None:
    if request.out is not None:
        found.predictions.frame().to_parquet(request.out, index=False)
        console.print(f"out-of-sample predictions: {request.out}")
    if request.plot is not None:
        from okx_services.research.evaluation.plot import write_plot

        write_plot(found, request.plot)
        console.print(f"cumulative rank IC: {request.plot}")
