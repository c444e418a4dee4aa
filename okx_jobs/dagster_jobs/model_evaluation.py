"""The job that evaluates models out of sample on candles; what and how long is set in the launchpad."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from okx_assets import tables
from okx_core.models.training.schedule import WalkForward
from okx_core.models.walk_forward import with_threads
from okx_jobs.research.chosen_candles import CandleChoice, chosen_candles, moment_of
from okx_services.reports.markdown import table
from okx_services.research.evaluation.evaluate import chosen_members, evaluate_candles
from okx_services.research.evaluation.plot import cumulative_ic_figure
from okx_services.research.evaluation.words import HEAD, evaluation_words, variant_rows
from okx_services.research.trials import count_evaluated, tried_before, variant_names
from resources.config.settings import load_settings
from resources.dagster_resources import DatabaseResource
from resources.evaluated_files import note_variants


class EvaluationConfig(dg.Config):
    """Candles, members and training dates, as `okxsignal research evaluate` takes them; empty: its defaults."""

    candles: str = ""  # a Parquet file; empty: those of the home
    pairs: str = ""
    start: str = ""  # first hour, YYYY-MM-DD
    end: str = ""
    members: str = ""
    every_weeks: int = 4
    min_history_weeks: int = 52
    tried_before: int = 0
    threads: int = 1


@dg.op(description="Train on the past, score what came next: every member, the ensemble and the baselines.")
def score_out_of_sample(
    context: dg.OpExecutionContext, config: EvaluationConfig, database: DatabaseResource
) -> None:
    """Evaluates; the table and the plot are the metadata of the step."""
    start, end = (moment_of(text) for text in (config.start, config.end))
    choice = CandleChoice(
        Path(config.candles) if config.candles else None, pairs=config.pairs or None, start=start, end=end
    )
    members = tuple(with_threads(spec, config.threads) for spec in chosen_members(config.members))
    candles, origin = chosen_candles(choice, database.open)
    home = load_settings(trading=False).home
    tried = tried_before(choice.candles, home, members, config.tried_before)
    found = evaluate_candles(
        candles, start, end, members, WalkForward(config.every_weeks, config.min_history_weeks), tried,
        config.threads, lambda step, done, total: context.log.info(f"{step}: {done} of {total}"),
    )  # fmt: skip
    if choice.candles is not None:
        note_variants(home, choice.candles, variant_names(members))
    if choice.is_stored:
        count_evaluated(database.open(), members, datetime.now(UTC))
    context.add_output_metadata(
        {
            "candles": origin,
            "out_of_sample": tables.text(table(HEAD, variant_rows(found))),
            "cumulative_ic": tables.plot("Cumulative rank IC", cumulative_ic_figure(found)),
            "in_words": tables.text("\n\n".join(evaluation_words(found))),
        }
    )


@dg.job(
    description="Walk-forward evaluation of members, ensemble and baselines on the home's candles or a file's: rank "
    "IC, excess after costs, calibration, gate. Choose in the launchpad. It changes no model and trades nothing.",
    tags={"dagster/max_runtime": "86400", "dagster/max_retries": "0"},
)
def evaluate_models() -> None:
    """One evaluation."""
    score_out_of_sample()
