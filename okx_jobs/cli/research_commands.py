"""The research commands: refresh, store, features, validate."""

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from okx_jobs.cli import options

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("mode", type=click.Choice(["incremental", "rolling", "full"]))
@click.option("--hours", type=click.IntRange(1), help="How many of the last hours `rolling` recomputes.")
@click.option("--days", type=click.IntRange(1), help="The same in days.")
def refresh(mode: str, hours: int | None, days: int | None) -> None:
    """Compute features and labels from the candles that are stored; fetches nothing, places no order.

    \b
    okxsignal refresh incremental          only rows that are not there yet, and months that lack some
    okxsignal refresh rolling --days 7     the last 7 days again
    okxsignal refresh full                 the whole history again, after a feature was added or changed

    Whichever way a row is computed, it is the same row: the files of the store are equal byte for byte.
    """
    settings = options.settings()
    from okx_jobs.runs.refresh import run_refresh

    run_refresh(mode, hours, days, settings, options.console())


@click.group(invoke_without_command=True)
@click.pass_context
def store(context: click.Context) -> None:
    """Show the stored history of features and labels: months, rows, sizes, hashes, who pinned what."""
    if context.invoked_subcommand is None:
        settings = options.settings()
        from okx_jobs.cli.store_report import show_store

        show_store(settings, options.console())


@store.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def gc(dry_run: bool) -> None:
    """Remove files that nobody needs; current ones and those a model was trained on always stay."""
    settings = options.settings()
    from okx_jobs.cli.store_report import collect_garbage

    collect_garbage(settings, options.console(), dry_run=dry_run)


@store.command()
def verify() -> None:
    """Hash every file again and compare the days that SQL holds with the store."""
    settings = options.settings()
    from okx_jobs.cli.store_report import verify_store

    verify_store(settings, options.console())


@store.command()
def adopt() -> None:
    """Make this home's database the owner of the files, after it was restored or moved.

    A copy of a database may read the files of the original and changes nothing. After `adopt` it is the other way
    round: do it only when the original is gone for good.
    """
    settings = options.settings()
    from okx_jobs.cli.store_report import adopt_store

    adopt_store(settings, options.console())


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("candles.parquet"),
    show_default=True,
    help="Parquet file to write; it must not be there yet.",
)
def import_candles(files: tuple[Path, ...], out: Path) -> None:
    """Make a tape of candle FILES of other programs: CSV, Parquet, feather, JSON, or folders of them.

    \b
    okxsignal import user_data/data/okx                     freqtrade: pair and timeframe from the names
    okxsignal import BTCUSDT-1h-2023-*.csv --out btc.parquet
    okxsignal demo --tape btc.parquet

    It prints what it changed, left out and rejected, and writes only the tape.
    """
    from okx_jobs.runs.tape_import import import_files

    import_files(files, out, options.console())


@click.command()
@click.argument("name", required=False)
@click.option("--write", is_flag=True, help="Write docs/features.md, labels.md and tables.md.")
def features(name: str | None, write: bool) -> None:
    """List the features, or explain one: formula, unit, what it needs, when it is NULL."""
    from okx_jobs.cli.feature_guide import print_features, write_pages

    if write:
        write_pages(options.console())
    else:
        print_features(name, options.console())


@click.group()
def validate() -> None:
    """Check what is computed."""


@validate.command("features")
@click.option(
    "--candles",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Parquet file of candles, hourly or shorter.",
)
@click.option("--synthetic", is_flag=True, help="The synthetic market instead of stored candles.")
@click.option(
    "--pairs",
    help="Comma-separated; default: of a file all, or those that cover the days named; else the 12 largest.",
)
@click.option("--from", "start", type=options.MOMENT, help="First day (UTC).")
@click.option("--to", "end", type=options.MOMENT, help="End (UTC), exclusive.")
def validate_features(
    candles: Path | None, synthetic: bool, pairs: str | None, start: datetime | None, end: datetime | None
) -> None:
    """Check that no feature knows the future, and more; exit code 1 when a check fails.

    \b
    okxsignal validate features                                newest 2 years of this home, its 12 largest pairs
    okxsignal validate features --synthetic                    a market made up on the spot
    okxsignal validate features --candles candles.parquet      all pairs and hours that the file has

    A feature that you declare is checked with the rest.
    """
    from okx_jobs.cli.validation import ValidationRequest, validate_features

    request = ValidationRequest(candles, synthetic, pairs, options.utc(start), options.utc(end))
    if not validate_features(request, options.settings(), options.console()):
        sys.exit(1)


@click.group()
def research() -> None:
    """Evaluate models out of sample."""


@research.command("evaluate")
@click.option("--candles", type=FILE, help="Parquet file of hourly candles; default: the home's database.")
@click.option(
    "--synthetic",
    "strength",
    type=options.STRENGTH,
    help="The synthetic market with so strong an edge; 0: noise.",
)
@click.option("--days", type=click.IntRange(1), default=1100, show_default=True, help="Days of --synthetic.")
@click.option("--pairs", help="Comma-separated; default: all.")
@click.option(
    "--from", "start", type=options.MOMENT, help="First day (UTC); earlier candles warm the features up."
)
@click.option("--to", "end", type=options.MOMENT, help="End (UTC), exclusive.")
@click.option("--members", help="Comma-separated names, or `all`; default: the three default members.")
@click.option(
    "--every", "weeks", type=click.IntRange(1), default=4, show_default=True, help="Weeks to retraining."
)
@click.option(
    "--min-history", type=click.IntRange(1), default=52, show_default=True, help="Weeks before the first."
)
@click.option(
    "--tried", type=click.IntRange(0), default=0, help="Variants tried before, for the deflated Sharpe."
)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option("--out", type=FILE, help="Write the out-of-sample predictions as Parquet.")
@click.option("--plot", type=FILE, help="Write the cumulative rank IC (.png, .svg).")
def evaluate_models(**given: Any) -> None:
    """Train on the past, score what came next, and print rank IC, after-cost excess and calibration.

    \b
    okxsignal research evaluate --candles candles.parquet --from 2021-05-01
    okxsignal research evaluate --synthetic 0                          noise: no edge may appear
    okxsignal research evaluate --candles candles.parquet --members all --plot ic.png

    It writes the files that are named, and trades nothing. On the home's candles each variant counts in ml.trials.
    """
    from okx_core.models.training.schedule import WalkForward
    from okx_jobs.cli.research.evaluation import EvaluationRequest, run_evaluation

    schedule = WalkForward(every_weeks=given.pop("weeks"), min_history_weeks=given.pop("min_history"))
    start, end = (options.utc(given.pop(name)) for name in ("start", "end"))
    tried = given.pop("tried")
    request = EvaluationRequest(**given, start=start, end=end, schedule=schedule, tried_before=tried)
    run_evaluation(request, options.settings(), options.console())


@click.command()
@click.option(
    "--compare",
    is_flag=True,
    help="Compare the ensemble in charge with its challengers, and show what has drifted.",
)
def models(compare: bool) -> None:
    """Show members and versions, their ages and evidence, and why each may or may not trade.

    \b
    okxsignal models --compare        the week's comparison on the same hours after costs: is a switch warranted?
    """
    settings = options.settings()
    if compare:
        from okx_jobs.cli.research.comparison import show_comparison

        show_comparison(settings, options.console())
    else:
        from okx_jobs.cli.research.models import show_models

        show_models(settings, options.console())


@click.command()
def train() -> None:
    """Train every week of the stored history that was not trained yet, and decide who may trade.

    Members are trained every OKXSIGNAL_RETRAIN_WEEKS on what was known then, and predict the weeks after. Run it once
    after `okxsignal backfill`; `okxsignal up` then trains each Sunday. It places no order.
    """
    settings = options.settings()
    from okx_jobs.cli.research.training import run_training

    run_training(settings, options.console())


@click.command()
@click.option("--trials", type=click.IntRange(1), default=40, show_default=True, help="Of the search in all.")
@click.option("--minutes", type=click.FloatRange(0), default=60.0, show_default=True, help="Of this run.")
@click.option("--algorithms", help="Comma-separated; default: lightgbm, xgboost, ridge.")
@click.option(
    "--until",
    type=options.MOMENT,
    help="Training date: nothing later is read. Default: the week that has begun.",
)
def search(trials: int, minutes: float, algorithms: str | None, until: datetime | None) -> None:
    """Search for a better member: algorithm, target, horizon, history, features, size of the fit.

    \b
    okxsignal search --trials 40 --minutes 60        stop it with Ctrl-C and call it again: it goes on

    Each trial is scored in purged folds before the training date, and counts in ml.trials: the more are tried, the
    better the best must be to pass the gate. The best becomes a member that predicts beside the others and trades
    nothing; `okxsignal models` shows it. Its name in OKXSIGNAL_MEMBERS makes it a part of the signal model.
    """
    settings = options.settings()
    from okx_jobs.cli.research.search import SearchRequest, search_members

    search_members(
        SearchRequest(trials, minutes, algorithms, options.utc(until)), settings, options.console()
    )


@click.command()
@click.argument("version")
@click.option("--because", required=True, help="The reason; it is kept in ml.promotions.")
def promote(version: str, because: str) -> None:
    """Let a VERSION of the signal model trade from the next hour on: a number, `previous`, or `none`.

    \b
    okxsignal promote 7 --because "the newest lost its edge"
    okxsignal promote previous --because "back to the one before"
    okxsignal promote none --because "nothing may trade"

    The weekly gate decides anew each Sunday. A version that is too old opens no position, whoever promoted it.
    """
    settings = options.settings()
    from okx_jobs.cli.research.models import promote_version

    promote_version(version, because, settings, options.console())


RESEARCH: Mapping[str, click.Command] = {
    "refresh": refresh, "store": store, "import": import_candles, "features": features, "validate": validate,
    "research": research, "train": train, "search": search, "models": models, "promote": promote,
}  # fmt: skip
