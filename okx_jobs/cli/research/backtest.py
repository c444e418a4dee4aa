"""`okxsignal backtest` and `okxsignal strategy`: a strategy on candles, and the strategies that there are."""

from collections.abc import Sequence
from dataclasses import asdict
from difflib import get_close_matches

from rich.console import Console
from rich.table import Table

from okx_core.errors import OkxSignalError
from okx_core.strategies.built_in import BUILT_IN
from okx_jobs.cli.research.report import chosen_run, print_report, save_report
from okx_jobs.cli.research.shown_progress import shown_progress
from okx_jobs.dagster_jobs.strategy_backtest import STEP, Backtest, backtest_strategy, config_of
from okx_jobs.research.strategy_backtest import BacktestRequest, needs_predictions, predict, require_usable
from okx_jobs.runs.runner import Pipeline, quiet_instance
from okx_jobs.stack import services
from okx_services.research.strategies.tables import (
    BENCHMARK_HEAD,
    COST_HEAD,
    FIGURE_HEAD,
    REASON_HEAD,
    REGIME_HEAD,
    WHAT_IF_HEAD,
    benchmark_rows,
    cost_rows,
    figure_rows,
    luck_words,
    reason_rows,
    refused_words,
    regime_rows,
    what_if_rows,
)
from resources.config.settings import Settings
from resources.stores import open_database
from resources.strategy_files import find_strategy, load_strategy, new_strategy, strategy_files

PRINTED = (
    "total return", "a year", "Sharpe", "Sortino", "max drawdown", "trades", "win rate", "profit factor", "exposure",
    "turnover", "costs",
)  # fmt: skip


def run_and_print(
    request: BacktestRequest, settings: Settings, console: Console, *, opens: bool = False
) -> Backtest:
    """Backtest as a run of Dagster, keep it in MLflow and in the ledger of trials, print, and write the report."""
    require_usable(request, settings.home)
    prepare(request, settings, console)
    with services.working_services(settings), quiet_instance(settings.home) as instance:
        services.wait_for_mlflow(settings)
        with console.status(f"{request.strategy}: features, decisions, fills, report"):
            result = Pipeline(instance).run(backtest_strategy.name, config=config_of(request))
        made: Backtest = result.output_for_node(STEP)
        row = chosen_run(open_database(settings.database), made.recorded.run_id)
        save_report(row, settings)
    print_run(made, console)
    print_report(row, settings.home, console, opens=opens)
    return made


def prepare(request: BacktestRequest, settings: Settings, console: Console) -> None:
    """What must be there before candles are traded: the home, or predictions on candles that are not the home's."""
    if request.is_stored:
        services.require_home(settings)
    if needs_predictions(request, settings.home):
        with shown_progress(console) as report:
            predict(request, settings.home, report)


def print_run(made: Backtest, console: Console) -> None:
    """Figures with their intervals, what could have been had instead, exits by reason, and why entries were refused."""
    found, recorded = made.found, made.recorded
    spec = found.spec
    console.print(
        f"{spec.name} (version {spec.version}) on {made.origin}: {len(found.pairs)} pairs, "
        f"{found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC, {found.capital_quote:,.0f} quote",
        soft_wrap=True,
    )
    print_table(FIGURE_HEAD, [row for row in figure_rows(found) if row[0] in PRINTED], console, left=(2, 3))
    print_table(BENCHMARK_HEAD, benchmark_rows(found), console)
    print_table(WHAT_IF_HEAD, what_if_rows(found), console)
    print_table(REGIME_HEAD, regime_rows(found), console)
    if rows := reason_rows(found):
        print_table(REASON_HEAD, rows, console)
        print_table(COST_HEAD, cost_rows(found), console)
    console.print(refused_words(found), soft_wrap=True)
    console.print(luck_words(recorded.deflated_sharpe, recorded.tried), soft_wrap=True)
    if made.note:
        console.print(made.note, soft_wrap=True)
    console.print(f"in MLflow: {recorded.logged.url}", soft_wrap=True)


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], console: Console, left: Sequence[int] = ()
) -> None:
    """A table whose columns are right-aligned but for the first and those of `left`."""
    table = Table(head[0], box=None, pad_edge=False)
    for place, name in enumerate(head[1:], 1):
        table.add_column(name, justify="left" if place in left else "right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def list_strategies(settings: Settings, console: Console) -> None:
    """Names, sentences, and files of the user's own; one that cannot be loaded says why."""
    for strategy in BUILT_IN.values():
        console.print(f"{strategy.name:<28}{strategy.summary}", soft_wrap=True)
    for name, path in strategy_files(settings.home).items():
        try:
            words = load_strategy(path).summary
        except OkxSignalError as error:
            words = f"cannot be used: {error}"
        console.print(f"{name:<28}{words} ({path})", soft_wrap=True, highlight=False)


def show_strategy(name: str, settings: Settings, console: Console) -> None:
    """Every number of a strategy, with its version."""
    strategy = find_strategy(settings.home, name)
    spec = strategy.spec({})
    console.print(f"{spec.name} (version {spec.version}, {spec.code}): {strategy.summary}", soft_wrap=True)
    console.print(
        f"reads: close and volume{''.join(f', {column}' for column in strategy.columns)}", soft_wrap=True
    )
    for head, values in (
        ("parameters", spec.parameters),
        ("rules", asdict(spec.rules)),
        ("exits", asdict(spec.exits)),
        ("protections", asdict(spec.protections)),
    ):
        console.print(
            f"{head}: {', '.join(f'{key}={value}' for key, value in values.items())}", soft_wrap=True
        )


def write_strategy(name: str, settings: Settings, console: Console) -> None:
    """Write the template."""
    near = get_close_matches(name, BUILT_IN, 1, 0.9)
    path = new_strategy(settings.home, name)
    hint = f" (its name is close to the built-in {near[0]})" if near else ""
    console.print(f"{path}{hint}: change it, then run `okxsignal backtest --strategy {name}`", soft_wrap=True)
