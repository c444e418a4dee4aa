"""The `okxsignal` command. Heavy imports happen inside the commands, after the settings are read: help is instant,
and a wrong setting is refused at once.
"""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from okx_jobs.cli import options
from okx_jobs.cli.research.strategy_commands import STRATEGIES
from okx_jobs.cli.research_commands import RESEARCH
from okx_jobs.stack.signals import ENDING, interrupt

RESEARCHED = {**RESEARCH, **STRATEGIES}
BAD_INPUT = 2
INTERRUPTED = 130
# Names that commands had in earlier versions; they go on working.
OLD_NAMES = {"prove": "validate"}


class Commands(click.Group):
    """Commands in the order a newcomer needs them: to run it, to research with it, the rest."""

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        return super().get_command(context, OLD_NAMES.get(name, name))

    def list_commands(self, _context: click.Context) -> list[str]:
        names = [name for name in self.commands if name not in RESEARCHED]
        place = names.index("gaps") + 1
        return [*names[:place], *RESEARCHED, *names[place:]]


@click.group(
    cls=Commands,
    commands=dict(RESEARCHED),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Start with `okxsignal demo`, then `okxsignal up` and open the addresses it prints. "
    "Every setting is an environment variable OKXSIGNAL_<NAME> or a line of .env: `okxsignal config` shows all.",
)
@click.option(
    "--home", type=click.Path(file_okay=False, path_type=Path), help="State directory; one market each."
)
def cli(home: Path | None) -> None:
    """Hourly research to trading on OKX: candles, features, models, backtests, signals, orders.

    The default mode is `simulated`: a local exchange, no keys, no network, no real money.
    """
    if home is not None:
        os.environ["OKXSIGNAL_HOME"] = str(home.resolve())


@cli.command()
@click.option(
    "--tape", type=click.Path(dir_okay=False, path_type=Path), help="Parquet file of recorded 1h candles."
)
@click.option(
    "--pairs", help="Comma-separated pairs; default: 12 synthetic ones, or every pair that covers the tape."
)
@click.option("--from", "start", type=options.MOMENT, help="First day (UTC).")
@click.option("--to", "end", type=options.MOMENT, help="End (UTC), exclusive; default: the last closed hour.")
@click.option("--days", type=int, default=336, show_default=True, help="Length when --from is not given.")
@click.option(
    "--live-hours",
    type=click.IntRange(1, 240),
    default=12,
    show_default=True,
    help="Last hours to simulate one by one, with orders.",
)
@click.option(
    "--weeks",
    type=click.IntRange(2),
    help="Newest weeks with signals and backtest; default: 8 of the synthetic market, all of a tape.",
)
@click.option(
    "--strength",
    type=options.STRENGTH,
    help="Planted predictable part of the synthetic tape; 0 is pure noise.",
)
@click.option("--seed", type=int, help="Seed of the synthetic tape.")
def demo(
    tape: Path | None, pairs: str | None, start: datetime | None, end: datetime | None, days: int,
    live_hours: int, weeks: int | None, strength: float | None, seed: int | None,
) -> None:  # fmt: skip
    """Run the whole pipeline once and print what came out.

    \b
    okxsignal demo                                             synthetic market, 12 pairs, 336 days
    okxsignal demo --strength 0                                pure noise: no edge may appear
    okxsignal demo --tape candles.parquet --from 2023-01-01 --to 2023-12-01

    A recorded tape gets a home of its own, named in the output. A second run adds nothing that is there.
    """
    from okx_jobs.cli.commands import run_demo
    from okx_jobs.runs.market_choice import DemoRequest

    run_demo(
        DemoRequest(
            tape, pairs, options.utc(start), options.utc(end), days, live_hours, strength, seed, weeks
        ),
        options.console(),
    )


@cli.command()
@click.option("--detach", is_flag=True, help="Return when everything is up; `okxsignal down` stops it.")
def up(detach: bool) -> None:
    """Start everything and keep it running: database, exchange, MLflow, Dagster, schedules. Ctrl-C stops it."""
    settings = options.settings()
    if detach:
        from okx_jobs.stack.detach import up_detached as run_up
    else:
        from okx_jobs.stack.up import up as run_up

    run_up(settings, options.console())


@cli.command()
@click.option(
    "--forget", is_flag=True, help="Also delete the embedded database and the feature store of this home."
)
def down(forget: bool) -> None:
    """Stop what `up` started, from another shell."""
    settings = options.settings()
    from okx_jobs.stack.down import down as run_down

    run_down(settings, options.console(), forget=forget)


@cli.command()
def status() -> None:
    """Show what runs, with pids and ports. Ends with 1 unless the whole stack is up."""
    settings = options.settings()
    from okx_jobs.stack.down import status as show_status

    if not show_status(settings, options.console()):
        sys.exit(1)


@cli.command()
@click.option("--print", "only_print", is_flag=True, help="Show the unit instead of writing it.")
def service(only_print: bool) -> None:
    """Write a systemd unit that starts `okxsignal up` at boot and stops it in order."""
    settings = options.settings()
    from okx_jobs.stack.systemd_unit import write_unit

    write_unit(settings, options.console(), only_print=only_print)


@cli.command()
def doctor() -> None:
    """Check settings, database, exchange, clock, keys and disk, and say what to do."""
    settings = options.settings()
    from okx_jobs.cli.doctor import examine

    if not examine(settings, options.console()):
        sys.exit(1)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
@click.option("--write-docs", is_flag=True, help="Write docs/settings.md and .env.example anew.")
def config(as_json: bool, write_docs: bool) -> None:
    """Show every setting with its value, source and meaning. Secrets are masked."""
    from okx_jobs.cli.settings_guide import print_settings, settings_as_json, write_pages

    if write_docs:
        write_pages(options.console())
    elif as_json:
        click.echo(settings_as_json())
    else:
        print_settings(options.console())


@cli.command()
@click.option("--from", "start", type=options.MOMENT, required=True, help="First hour (UTC).")
@click.option("--to", "end", type=options.MOMENT, help="End (UTC), exclusive; default: the last closed hour.")
@click.option("--again", is_flag=True, help="Recompute hours that are already there.")
def backfill(start: datetime, end: datetime | None, again: bool) -> None:
    """Fetch candles and compute features and labels for a stretch of hours. Never places an order."""
    settings = options.settings()
    from okx_jobs.cli.commands import run_backfill

    run_backfill(start.replace(tzinfo=UTC), options.utc(end), again, settings, options.console())


@cli.command()
@click.option("--repair", is_flag=True, help="First ask the exchange once more for every bar that is due.")
def gaps(repair: bool) -> None:
    """Show which candles are missing and why: open, refetched, never_traded or lost."""
    settings = options.settings()
    from okx_jobs.cli.commands import run_gaps

    run_gaps(repair, settings, options.console())


@cli.command("run-hour")
@click.argument("hour", type=options.MOMENT, required=False)
def run_hour(hour: datetime | None) -> None:
    """Run the hourly job through to orders for HOUR (its open, UTC); default: the last closed hour.

    Only the newest closed hour can trade, and only once; any other hour refreshes data and signals.
    """
    settings = options.settings()
    from okx_jobs.cli.commands import run_one_hour

    run_one_hour(options.utc(hour), settings, options.console())


@cli.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def simulator(options: tuple[str, ...]) -> None:
    """Start the exchange alone, for any OKX client; `okxsignal simulator --help` shows how."""
    os.execv(sys.executable, [sys.executable, "-P", "-m", "okx_simulator", *options])


@cli.command()
def arm() -> None:
    """The second opt-in to live trading: confirm by hand that real orders may be placed from this home."""
    from okx_jobs.cli.commands import arm_live

    arm_live(options.settings(trading=False).live_arming, options.console())


def main() -> None:
    """Entry point: a user's mistake ends with one clear message and code 2, never a traceback."""
    for number in ENDING[1:]:
        signal.signal(number, interrupt)
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption) and error.option_name == "--home":
            # A likely mistake, for which click proposes --help.
            error = click.UsageError(
                "--home belongs before the command: okxsignal --home DIR COMMAND", error.ctx
            )
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("okxsignal: interrupted; finished work is kept, run the command again to go on", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:
        words = options.words_of(error)
        if words is None:
            raise
        click.echo(f"okxsignal: {words}", err=True)
        sys.exit(BAD_INPUT)


if __name__ == "__main__":
    main()
