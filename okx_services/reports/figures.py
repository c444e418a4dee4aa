"""Figures as inline PNG images. matplotlib is imported when the first one is drawn."""

import base64
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.metrics.curve import drawdowns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 80
DAY_HOURS = 24
MAX_POINTS = 1500  # more hours than pixels add bytes only


def png_uri(figure: "Figure") -> str:
    """The figure as a data URI, which Markdown shows without a file."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def equity_figure(
    equity: pd.DataFrame, opening_quote: float, benchmarks: Mapping[str, NDArray[np.float64]], label: str
) -> "Figure":
    """Equity and benchmarks above, drawdown below; `equity` has timestamp_utc and equity_quote in order of time.

    A benchmark [hours + 1] begins with 1 before the first hour.
    """
    figure = new_figure(9.0, 5.0)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    times = equity["timestamp_utc"].dt.tz_localize(None).to_numpy()
    curve = equity["equity_quote"].to_numpy(dtype=np.float64)
    drawdown = 100.0 * drawdowns(np.append(opening_quote, curve))[1:]
    kept = _thinned(len(curve))
    above.plot(times[kept], curve[kept], linewidth=1.4, label="backtest, after costs")
    for name, held in benchmarks.items():
        above.plot(times[kept], opening_quote * held[1:][kept], linewidth=0.8, alpha=0.7, label=name)
    above.legend(fontsize="small", loc="upper left")
    above.set(ylabel="equity, quote", title=_titled("Out-of-sample equity after costs", label))
    below.fill_between(times[kept], drawdown[kept], 0.0, color="tab:red", alpha=0.4)
    below.set(ylabel="drawdown, %")
    below.tick_params(axis="x", rotation=30)
    return figure


def pair_pnl_figure(pairs: pd.DataFrame, label: str) -> "Figure":
    """Profit of each pair; `pairs` has pair and pnl_quote, the best pair first."""
    figure = new_figure(9.0, 1.2 + 0.28 * len(pairs))
    axes = figure.subplots()
    profit = pairs["pnl_quote"].to_numpy(dtype=np.float64)[::-1]
    axes.barh(
        pairs["pair"].tolist()[::-1], profit, color=["tab:green" if one >= 0 else "tab:red" for one in profit]
    )
    axes.axvline(0.0, color="0.4", linewidth=0.8)
    axes.set(xlabel="profit after costs, quote", title=_titled("Profit per pair", label))
    return figure


def decile_figure(prediction: NDArray[np.float64], outcome: NDArray[np.float64]) -> "Figure":
    """Mean realised excess return by decile of the score, out of sample; both [rows], all known."""
    figure = new_figure(5.0, 3.5)
    axes = figure.subplots()
    deciles = np.array_split(np.argsort(prediction), 10)
    axes.bar(range(1, 11), [float(np.mean(outcome[part])) for part in deciles])
    axes.set(xlabel="decile of the score", ylabel="realised excess return, %", title="Out of sample")
    return figure


def reliability_figure(probability: NDArray[np.float64], positive: NDArray[np.float64]) -> "Figure":
    """Stated probability against the realised share of `positive` (0 or 1), both [rows], all known.

    Ten bins of equal count, as of the reliability error.
    """
    figure = new_figure(5.0, 3.5)
    axes = figure.subplots()
    bins = np.array_split(np.argsort(probability, kind="stable"), 10)
    stated, realised = ([float(values[part].mean()) for part in bins] for values in (probability, positive))
    axes.plot(stated, realised, "o-", label="out of sample")
    ends = (min(stated + realised), max(stated + realised))
    axes.plot(ends, ends, "--", color="0.6", linewidth=0.8, label="as stated")
    axes.set(xlabel="stated P(excess > 0)", ylabel="realised share", title="Reliability")
    axes.legend(fontsize="small")
    return figure


def cumulative_ic_figure(first_hour: int, series: Mapping[str, NDArray[np.float64]]) -> "Figure":
    """Sum of the daily means of hourly rank ICs [hours] by name, NaN where unknown, from an hour since 1970 on."""
    figure = new_figure(5.0, 3.5)
    axes = figure.subplots()
    for name, hourly in series.items():
        days, total = cumulative_days(first_hour, hourly)
        axes.plot(days, total, label=name)
    axes.axhline(0.0, color="0.6", linewidth=0.8)
    axes.tick_params(axis="x", rotation=30)
    axes.set(ylabel="cumulative rank IC", title="Out of sample")
    axes.legend(fontsize="small")
    return figure


def cumulative_days(
    first_hour: int, hourly: NDArray[np.float64]
) -> tuple[pd.DatetimeIndex, NDArray[np.float64]]:
    """The first moment of each whole day and the sum of the daily means until then; a day without any adds nothing."""
    days = hourly[: len(hourly) // DAY_HOURS * DAY_HOURS].reshape(-1, DAY_HOURS)
    known = ~np.isnan(days)
    mean = np.where(known, days, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    seconds = (first_hour + DAY_HOURS * np.arange(len(days))) * 3600
    return pd.to_datetime(seconds, unit="s"), np.cumsum(mean)


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _titled(title: str, label: str) -> str:
    return f"{title} ({label})" if label else title


def _thinned(points: int) -> NDArray[np.int64]:
    """Positions of at most MAX_POINTS points, the first and the last among them."""
    return np.unique(np.linspace(0, points - 1, min(points, MAX_POINTS)).astype(np.int64))
