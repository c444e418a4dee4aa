"""`okxsignal research evaluate`: walk-forward on recorded, stored or synthetic candles, and the table of figures."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from okx_core.errors import OkxSignalError
from okx_core.hours import HOUR
from okx_core.models.members import DEFAULTS, MEMBERS, MemberSpec
from okx_core.models.panel import hour_number
from okx_core.models.walk_forward import WalkForward, with_threads
from okx_jobs.cli.research.chosen_candles import CandleChoice, chosen_candles
from okx_services.research.evaluation.evaluate import (
    HORIZONS,
    Evaluation,
    RankIc,
    ScoreRow,
    build_panel,
    evaluate,
)
from okx_services.research.evaluation.model_checks import SHUFFLES
from resources.config.settings import Settings


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
    members = tuple(with_threads(spec, request.threads) for spec in chosen_members(request.members))
    candles, origin = chosen_candles(request, settings)
    hourly = candles.hourly["timestamp_utc"]
    start = pd.Timestamp(request.start or hourly.min()).ceil("h")
    end = pd.Timestamp(request.end or hourly.max() + HOUR).floor("h")
    request.schedule.require_history(hour_number(end) - hour_number(start))
    columns = (
        TextColumn("{task.description}"),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading", total=1)

        def report(step: str, done: int, total: int) -> None:
            progress.update(task, description=step, completed=done, total=total)
            if not console.is_terminal and (done == 0 or 10 * done // total > 10 * (done - 1) // total):
                console.print(f"  {step}: {done} of {total}")

        panel = build_panel(candles, start, end, request.threads, report)
        found = evaluate(panel, members, request.schedule, request.tried_before, report)
    console.print(
        f"{origin}: {len(panel.pairs)} pairs, {start:%Y-%m-%d} to {end:%Y-%m-%d}, {len(panel.row_hour):,} rows, "
        f"{len(panel.names)} features, {len(found.predictions.dates)} training dates"
    )
    print_evaluation(found, console)
    _write(found, request, console)
    return found


def chosen_members(wanted: str | None) -> tuple[MemberSpec, ...]:
    """The members named (comma-separated), `all` of them, or the default ones."""
    if wanted is None:
        return DEFAULTS
    if wanted.strip() == "all":
        return tuple(MEMBERS.values())
    names = list(dict.fromkeys(part.strip() for part in wanted.split(",") if part.strip()))
    unknown = [name for name in names if name not in MEMBERS]
    if unknown or not names:
        raise OkxSignalError(
            f"no member {', '.join(unknown) or '(none named)'}; known: {', '.join(MEMBERS)}, all"
        )
    return tuple(MEMBERS[name] for name in names)


def _gate_words(found: Evaluation) -> str:
    refused = found.gate.rejection_reason
    return (
        f"promotion gate: {f'refused, {refused}' if refused else 'passed'}; with the scores dealt to other pairs "
        f"{found.false_promotions} of {SHUFFLES} records pass"
    )


def print_evaluation(found: Evaluation, console: Console) -> None:
    """The table of variants, the calibration of the ensemble, and how many variants were tried."""
    table = Table("variant", box=None, pad_edge=False)
    for hours in HORIZONS:
        table.add_column(f"IC {hours}h (t)", justify="right", no_wrap=True)
        table.add_column(f"neutral {hours}h (t)", justify="right", no_wrap=True)
    for name in ("top 4 bp/day (t)", "turnover", "deflated Sharpe"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(*_cells(row))
    console.print(table)
    for line in found.calibration:
        shares = " ".join(f"{100 * share:.0f}" for share in line.coverage)
        console.print(
            f"calibration {line.horizon_hours}h: ECE {line.reliability_error:.4f}, Brier {line.brier:.4f} against "
            f"{line.base_rate_brier:.4f} of the base rate, 80 % interval covers {shares} % by volatility quintile"
        )
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in found.weights.items())
    console.print(f"ensemble weights at the last date: {weights}", soft_wrap=True)
    console.print(_gate_words(found), soft_wrap=True)
    console.print(
        f"{found.variants} variants evaluated (members and ensembles, with those tried before); PBO "
        f"{found.overfitting:.2f}. IC: hourly rank correlation with the return of the next hours; neutral: "
        "volatility's rank taken out; t from two-week blocks; top 4 against equal weight, after costs.",
        soft_wrap=True,
    )


def _cells(row: ScoreRow) -> list[str]:
    cells = [row.name if row.kind != "baseline" else f"({row.name})"]
    for hours in HORIZONS:
        ic: RankIc = row.ic[hours]
        cells += [_with_t(ic.raw, ic.raw_t, 4), _with_t(ic.neutral, ic.neutral_t, 4)]
    held = row.top_k
    return [
        *cells,
        _with_t(held.excess_bp, held.excess_t, 1),
        f"{held.turnover:.2f}",
        f"{row.deflated_sharpe:.2f}",
    ]


def _with_t(value: float, t: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:+.{digits}f} ({t:.1f})"


def _write(found: Evaluation, request: EvaluationRequest, console: Console) -> None:
    if request.out is not None:
        found.predictions.frame().to_parquet(request.out, index=False)
        console.print(f"out-of-sample predictions: {request.out}")
    if request.plot is not None:
        from okx_services.research.evaluation.plot import write_plot

        write_plot(found, request.plot)
        console.print(f"cumulative rank IC: {request.plot}")
