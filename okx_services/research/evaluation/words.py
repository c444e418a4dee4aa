"""An evaluation in words: the table of variants, calibration, gate, and how many variants were tried."""

import math

from okx_services.research.evaluation.evaluate import HORIZONS, Evaluation, ScoreRow
from okx_services.research.evaluation.model_checks import SHUFFLES

HEAD = (
    "variant",
    *(f"{kind} {hours}h (t)" for hours in HORIZONS for kind in ("IC", "neutral")),
    "top 4 bp/day (t)", "turnover", "deflated Sharpe",
)  # fmt: skip


def variant_rows(found: Evaluation) -> list[list[str]]:
    """The cells of `HEAD` for each variant, baselines in brackets."""
    return [_cells(row) for row in found.rows]


def evaluation_words(found: Evaluation) -> list[str]:
    """What the table does not say, a paragraph each."""
    panel = found.predictions.panel
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in found.weights.items())
    refused = found.gate.rejection_reason
    return [
        *(
            f"calibration {line.horizon_hours}h: ECE {line.reliability_error:.4f}, Brier {line.brier:.4f} against "
            f"{line.base_rate_brier:.4f} of the base rate, 80 % interval covers "
            f"{' '.join(f'{100 * share:.0f}' for share in line.coverage)} % by volatility quintile"
            for line in found.calibration
        ),
        f"ensemble weights at the last date: {weights}",
        f"promotion gate: {f'refused, {refused}' if refused else 'passed'}; with the scores dealt to other pairs "
        f"{found.false_promotions} of {SHUFFLES} records pass",
        f"{found.variants} variants evaluated (members and ensembles, with those tried before); PBO "
        f"{found.overfitting:.2f}. IC: hourly rank correlation with the return of the next hours; neutral: "
        "volatility's rank taken out; t from two-week blocks; top 4 against equal weight, after costs. "
        f"{len(panel.pairs)} pairs, {len(panel.row_hour):,} rows.",
    ]


def _cells(row: ScoreRow) -> list[str]:
    cells = [row.name if row.kind != "baseline" else f"({row.name})"]
    for hours in HORIZONS:
        ic = row.ic[hours]
        cells += [_with_t(ic.raw, ic.raw_t, 4), _with_t(ic.neutral, ic.neutral_t, 4)]
    held = row.top_k
    return [
        *cells, _with_t(held.excess_bp, held.excess_t, 1), f"{held.turnover:.2f}", f"{row.deflated_sharpe:.2f}",
    ]  # fmt: skip


def _with_t(value: float, t: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:+.{digits}f} ({t:.1f})"
