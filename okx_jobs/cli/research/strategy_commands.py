"""The commands of strategies: backtest, tune, report, strategy."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from okx_jobs.cli import options

FILE = click.Path(dir_okay=False, path_type=Path)


def of_a_market(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a command that trades a strategy on the past."""
    for option in reversed(MARKET_OPTIONS):
        command = option(command)
    return command


MARKET_OPTIONS = (
    click.option(
        "--strategy", default="model", show_default=True, help="`okxsignal strategy list` shows all."
    ),
    click.option(
        "--param",
        "params",
        multiple=True,
        help="name=value; may be repeated. `okxsignal strategy show NAME` lists them.",
    ),
    click.option(
        "--candles", type=FILE, help="Parquet file of hourly or shorter candles; default: the home's."
    ),
    click.option(
        "--synthetic", "strength", type=options.STRENGTH, help="The synthetic market with so strong an edge."
    ),
    click.option(
        "--days", type=click.IntRange(1), default=400, show_default=True, help="Days of --synthetic."
    ),
    click.option("--pairs", help="Comma-separated; default: all."),
    click.option(
        "--from", "start", type=options.MOMENT, help="First hour (UTC); earlier candles warm the features up."
    ),
    click.option("--to", "end", type=options.MOMENT, help="End (UTC), exclusive."),
    click.option(
        "--capital", type=float, default=10_000.0, show_default=True, help="To begin with, quote units."
    ),
    click.option(
        "--threads",
        type=click.IntRange(1),
        default=1,
        show_default=True,
        help="For the features of --candles.",
    ),
    click.option(
        "--ungated",
        is_flag=True,
        help="With --candles: trade predictions although the promotion gate refuses them.",
    ),
)


@click.command()
@of_a_market
@click.option("--open", "opens", is_flag=True, help="Open the report in the browser.")
def backtest(**given: Any) -> None:
    """Trade a strategy on the past: decisions at the close of each hour, fills at the next open, costs on.

    \b
    okxsignal backtest --strategy momentum --candles candles.parquet --from 2022-06-01
    okxsignal backtest --strategy breakout --param stop_atr=2 --param trail_atr=3 --pairs BTC-USDT,ETH-USDT
    okxsignal backtest --strategy my_strategy --capital 2000
    okxsignal backtest --candles candles.parquet --threads 2       the default strategy, its models trained anew

    On the home's candles a strategy reads the signals that were recorded. On other candles its predictions are made by
    walk-forward training first, which takes minutes and is kept for the next time.

    Stops and targets fill inside the bars that follow, the worse first. At most 5 % of a bar's volume is traded. After
    stops and losses protections refuse entries for a while: --param daily_loss_pct=3 sets one, --param
    cooldown_hours=none removes one. Beside the result is what it would have been with other luck, costs twice, or
    signals one bar late.

    First it checks that no decision changes when later hours are taken away. Each run is one of Dagster and of MLflow,
    and each version of a strategy is counted: the more were tried, the better the best must be. It places no order.
    """
    from okx_jobs.cli.research.backtest import run_and_print
    from okx_jobs.research.strategy_backtest import BacktestRequest, parameters_of

    start, end = (options.utc(given.pop(name)) for name in ("start", "end"))
    parameters, capital, opens = parameters_of(given.pop("params")), given.pop("capital"), given.pop("opens")
    request = BacktestRequest(**given, start=start, end=end, parameters=parameters, capital_quote=capital)
    run_and_print(request, options.settings(), options.console(), opens=opens)


@click.command()
@of_a_market
@click.option(
    "--budget", type=int, default=40, show_default=True, help="Variants to try, the defaults among them."
)
@click.option(
    "--folds",
    type=int,
    default=4,
    show_default=True,
    help="Parts of the window that test what was chosen before.",
)
@click.option(
    "--vary",
    multiple=True,
    help="NAME=LOW:HIGH or NAME=LOW:HIGH:log; may be repeated. Default: what the strategy declares.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def tune(**given: Any) -> None:
    """Search for better parameters of a strategy, and say whether they are better than the defaults.

    \b
    okxsignal tune --strategy momentum --candles candles.parquet
    okxsignal tune --strategy momentum --vary hours=168:1344:log --vary top=1:6 --budget 100
    okxsignal tune --strategy breakout --vary stop_atr=1:6 --param top=3           --param fixes what is not varied
    okxsignal tune --strategy my_strategy --folds 6                                a file of your own: its RANGES

    Parameters, rules and exits may be varied. The window is cut into folds: for each, variants are tried on the hours
    before it, and the best is traded on its own hours, which choose nothing. These hours together are the figures. The
    answer is often "do nothing": the defaults stay unless the Sharpe ratio of what was chosen is surely above theirs,
    and more than the luck of all versions ever tried in this home.

    At the end the neighbours of the best are tried too, two for each parameter: is it one of many good ones, or a peak?
    Stop it with Ctrl-C and call it again: it goes on. Each variant counts as a trial, so ask for few of them and for
    ranges that have a reason. It changes no setting and places no order.
    """
    from okx_jobs.cli.research.tune import tune_and_print
    from okx_jobs.research.strategy_backtest import parameters_of
    from okx_jobs.research.strategy_tuning import TuningRequest, ranges_of

    start, end = (options.utc(given.pop(name)) for name in ("start", "end"))
    parameters, capital, opens = parameters_of(given.pop("params")), given.pop("capital"), given.pop("opens")
    vary = ranges_of(given.pop("vary"))
    request = TuningRequest(
        **given, start=start, end=end, parameters=parameters, capital_quote=capital, vary=vary
    )
    tune_and_print(request, options.settings(), options.console(), opens=opens)


@click.command()
@click.argument("which", default="")
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def report(which: str, opens: bool) -> None:
    """Write the report of the newest backtest: one HTML page, a PDF, and CSV files of trades and equity.

    WHICH is the name of a strategy, or the beginning of a run's id; without it the newest backtest is taken.

    \b
    okxsignal report --open
    okxsignal report momentum
    """
    from okx_jobs.cli.research.report import show_report

    show_report(which, options.settings(), options.console(), opens=opens)


@click.group()
def strategy() -> None:
    """List strategies, show the numbers of one, or begin your own: one Python file in the home."""


@strategy.command("list")
def list_all() -> None:
    """Show every strategy with what it does."""
    from okx_jobs.cli.research.backtest import list_strategies

    list_strategies(options.settings(), options.console())


@strategy.command("show")
@click.argument("name")
def show(name: str) -> None:
    """Show every parameter, rule, exit and protection of strategy NAME, with its version."""
    from okx_jobs.cli.research.backtest import show_strategy

    show_strategy(name, options.settings(), options.console())


@strategy.command("new")
@click.argument("name")
def new(name: str) -> None:
    """Write a template as strategy NAME into the folder `strategies` of the home."""
    from okx_jobs.cli.research.backtest import write_strategy

    write_strategy(name, options.settings(), options.console())


@click.command("why-not")
@click.argument("pair", required=False)
@click.option("--days", type=click.IntRange(1), default=7, show_default=True, help="Newest days of signals.")
def why_not(pair: str | None, days: int) -> None:
    """Show which gates keep pairs from being bought: by pair and by day, or every gate of PAIR.

    \b
    okxsignal why-not                  all pairs, seven days
    okxsignal why-not BTC-USDT --days 30
    """
    from okx_jobs.cli.research.why_not import show_why_not

    show_why_not(pair, days, options.settings(), options.console())


STRATEGIES: Mapping[str, click.Command] = {
    "backtest": backtest,
    "tune": tune,
    "report": report,
    "strategy": strategy,
    "why-not": why_not,
}
