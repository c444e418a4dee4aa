"""From score to percent and probability, from past out-of-sample predictions only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from okx_core.models.evaluation.scores import BLOCK_HOURS, MIN_BLOCKS
from okx_core.models.ranks import Floats
from okx_core.models.targets import excess, future_return_pct

MIN_T = 2.0
INTERVAL = 0.8
MIN_ROWS = 1_000
NEWTON_STEPS = 25


@dataclass(frozen=True)
class Calibration:
    """Maps a score to excess return.

    Expected excess in percent: `slope` x score. P(excess > 0): logistic of `logit` (intercept, slope). Interval:
    expected excess plus `low` and `high` times the scale exp(`scale` . (1, log volatility, log market volatility)).
    """

    slope: float
    slope_t: float
    logit: tuple[float, float]
    base_rate: float
    scale: tuple[float, float, float]
    low: float
    high: float


@dataclass(frozen=True)
class Calibrated:
    """Grids [hours, pairs], NaN where there was no past to learn from: expected excess %, P(excess > 0), interval %."""

    expected: Floats
    probability: Floats
    low: Floats
    high: Floats
    base_rate: Floats
    outcome: Floats


def shrunk_slope(score: Floats, outcome: Floats, block: int = BLOCK_HOURS) -> tuple[float, float]:
    """Slope of excess return on score through zero, and its t, from two-week blocks of grids [hours, pairs].

    Shrunk by max(0, 1 - (2 / t)^2): nothing is expected while |t| < 2, and nothing of a negative slope. (0, NaN) with
    fewer than three blocks. Source of the shrinkage: James and Stein (1961), positive part.
    """
    slopes = []
    for first in range(0, len(score), block):
        x, y = score[first : first + block], outcome[first : first + block]
        known = ~np.isnan(x) & ~np.isnan(y)
        squared = float((x[known] ** 2).sum())
        if squared > 0:
            slopes.append(float((x[known] * y[known]).sum()) / squared)
    if len(slopes) < MIN_BLOCKS or not min(slopes) < max(slopes):
        return 0.0, float("nan")
    mean = float(np.mean(slopes))
    t = mean / (float(np.std(slopes, ddof=1)) / np.sqrt(len(slopes)))
    return max(0.0, mean) * max(0.0, 1.0 - (MIN_T / t) ** 2), t


def platt(score: Floats, positive: Floats) -> tuple[float, float]:
    """Intercept and slope of the logistic regression of `positive` (0 or 1) on `score`, both [rows] (Platt, 1999)."""
    x = np.column_stack((np.ones_like(score), score))
    # Platt's targets keep the fit finite where the classes are separable.
    ones = positive.sum()
    high, low = (ones + 1.0) / (ones + 2.0), 1.0 / (len(positive) - ones + 2.0)
    target = np.where(positive > 0, high, low)
    beta = np.zeros(2)
    for _ in range(NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ beta, -30.0, 30.0)))
        hessian = (x * (p * (1.0 - p))[:, None]).T @ x + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, x.T @ (target - p))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return float(beta[0]), float(beta[1])


def logs_of(volatility: Floats) -> Floats:
    """Log of each pair's volatility and of the hour's mean [hours, pairs, 2]; NaN where it is unknown or 0."""
    own = np.log(np.where(volatility > 0, volatility, np.nan))
    known = ~np.isnan(own)
    market = np.where(known, own, 0.0).sum(axis=1, keepdims=True) / np.maximum(
        known.sum(axis=1, keepdims=True), 1
    )
    return np.stack((own, np.where(known, market, np.nan)), axis=-1)


def calibrate(score: Floats, outcome: Floats, logs: Floats) -> Calibration | None:
    """Fit on grids of past scores and excess returns; None with fewer than `MIN_ROWS` known rows.

    The scale of the residual is regressed in logs on the volatilities; its quantiles on the same rows give the
    conformal interval (Papadopoulos et al., 2008, normalised conformal regression).
    """
    known = ~np.isnan(score) & ~np.isnan(outcome) & ~np.isnan(logs).any(axis=-1)
    if known.sum() < MIN_ROWS:
        return None
    slope, t = shrunk_slope(score, outcome)
    x, y = score[known], outcome[known]
    residual = y - slope * x
    design = np.column_stack((np.ones(len(x)), logs[known]))
    size = np.log(np.maximum(np.abs(residual), 1e-6 + 0.01 * np.abs(residual).mean()))
    scale = np.linalg.lstsq(design, size, rcond=None)[0]
    low, high = np.quantile(residual / np.exp(design @ scale), ((1 - INTERVAL) / 2, (1 + INTERVAL) / 2))
    positive = (y > 0).astype(np.float64)
    return Calibration(
        slope, t, platt(x, positive), float(positive.mean()),
        (float(scale[0]), float(scale[1]), float(scale[2])), float(low), float(high),
    )  # fmt: skip


def calibrated(
    score: Floats, closes: Floats, volatility: Floats, dates: Sequence[int], horizon_hours: int
) -> Calibrated:
    """What was expected of each score at its date; a calibration at date d knows only outcomes known at d."""
    outcome = excess(future_return_pct(closes, horizon_hours))
    logs = logs_of(volatility)
    unknown = np.full(score.shape, np.nan)
    out = Calibrated(unknown, unknown.copy(), unknown.copy(), unknown.copy(), unknown.copy(), outcome)
    for number, date in enumerate(dates):
        past = slice(0, max(0, date - horizon_hours))
        now = slice(date, dates[number + 1] if number + 1 < len(dates) else len(score))
        found = calibrate(score[past], outcome[past], logs[past])
        if found is not None:
            parts = applied(found, score[now], logs[now])
            out.expected[now], out.probability[now], out.low[now], out.high[now] = parts
            out.base_rate[now] = np.where(np.isnan(score[now]), np.nan, found.base_rate)
    return out


def applied(found: Calibration, score: Floats, logs: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Expected excess %, P(excess > 0) and both ends of the interval in %, in the shape of `score`.

    `logs` [..., 2] as `logs_of` makes them; where they are unknown there is no interval.
    """
    expected = found.slope * score
    scale = np.exp(found.scale[0] + logs @ np.asarray(found.scale[1:]))
    probability = 1.0 / (1.0 + np.exp(-(found.logit[0] + found.logit[1] * score)))
    return expected, probability, expected + found.low * scale, expected + found.high * scale


def reliability_bins(probability: Floats, positive: Floats, bins: int = 10) -> tuple[Floats, Floats, Floats]:
    """Mean stated probability, realised share and rows of each bin of equal count [bins], in order of probability.

    `positive` is 0 or 1; NaN rows are left out, and bins without rows.
    """
    known = ~np.isnan(probability) & ~np.isnan(positive)
    order = np.argsort(probability[known], kind="stable")
    p, y = probability[known][order], positive[known][order]
    parts = [part for part in np.array_split(np.arange(len(p)), bins) if len(part)]
    stated, realised = (np.array([float(values[part].mean()) for part in parts]) for values in (p, y))
    return stated, realised, np.array([float(len(part)) for part in parts])


def reliability_error(probability: Floats, positive: Floats, bins: int = 10) -> float:
    """ECE: mean distance of stated and realised share over bins of equal count; NaN rows left out, NaN without rows.

    Source: Naeini, Cooper and Hauskrecht (2015).
    """
    stated, realised, rows = reliability_bins(probability, positive, bins)
    return float(rows @ np.abs(stated - realised) / rows.sum()) if len(rows) else float("nan")


def brier(probability: Floats, positive: Floats) -> float:
    """Mean squared distance of probability and outcome (Brier, 1950); NaN rows left out, NaN without rows."""
    error = (probability - positive)[~np.isnan(probability) & ~np.isnan(positive)]
    return float((error**2).mean()) if len(error) else float("nan")


def coverage_by(groups: Floats, low: Floats, high: Floats, outcome: Floats, parts: int = 5) -> list[float]:
    """Share of outcomes inside the interval, for each of `parts` equal parts of `groups` from low to high."""
    known = ~np.isnan(groups) & ~np.isnan(low) & ~np.isnan(outcome)
    order = np.argsort(groups[known], kind="stable")
    inside = ((outcome >= low) & (outcome <= high))[known][order]
    return [float(part.mean()) if len(part) else float("nan") for part in np.array_split(inside, parts)]
