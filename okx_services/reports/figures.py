"""Figures as inline PNG images. matplotlib is imported when the first one is drawn."""

import base64
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.backtest.metrics.curve import drawdowns
from okx_core.models.evaluation.calibration import reliability_bins
from resources.registry.pictures import png

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAY_HOURS = 24
MAX_POINTS = 1500  # more hours than pixels add bytes only


def png_uri(figure: "Figure") -> str:
    """The figure as a data URI, which Markdown shows without a file."""
    return f"data:image/png;base64,{base64.b64encode(png(figure)).decode()}"


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


def trades_figure(closes: pd.Series, trades: pd.DataFrame, pair: str) -> "Figure":
    """Closes of a pair, a series by time, with its trades: bought (green), closed at a profit or loss (blue, red)."""
    figure = new_figure(9.0, 3.5)
    axes = figure.subplots()
    kept = _thinned(len(closes))
    axes.plot(
        pd.DatetimeIndex(closes.index).tz_localize(None)[kept],
        closes.to_numpy()[kept],
        color="0.6",
        linewidth=0.8,
    )
    won = trades["pnl_quote"] > 0.0
    entries, exits = (trades[name].dt.tz_localize(None) for name in ("entry_time", "exit_time"))
    axes.scatter(entries, trades["entry_price"], marker="^", s=28, color="tab:green", label="bought")
    for chosen, colour, words in (
        (won, "tab:blue", "closed at a profit"),
        (~won, "tab:red", "closed at a loss"),
    ):
        axes.scatter(exits[chosen], trades["exit_price"][chosen], marker="v", s=28, color=colour, label=words)
    axes.legend(fontsize="small")
    axes.set(ylabel="price, quote", title=pair)
    axes.tick_params(axis="x", rotation=30)
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
    """Stated probability against the realised share of `positive` (0 or 1), both [rows], in the bins of the ECE.

    Rows where either is NaN are left out.
    """
    figure = new_figure(5.0, 3.5)
    axes = figure.subplots()
    stated, realised, _ = reliability_bins(probability, positive)
    axes.plot(stated, realised, "o-", label="out of sample")
    ends = (np.r_[stated, realised].min(initial=1.0), np.r_[stated, realised].max(initial=0.0))
    axes.plot(ends, ends, "--", color="0.6", linewidth=0.8, label="as stated")
    axes.set(xlabel="stated P(excess > 0)", ylabel="realised share", title="Reliability")
    axes.legend(fontsize="small")
    return figure


def cumulative_figure(
    series: Mapping[str, tuple[int, NDArray[np.float64]]], ylabel: str, title: str, *, bold: str = "",
    dashed: Collection[str] = (),
) -> "Figure":  # fmt: skip
    """Sum of the daily means of hourly series [hours], by name with the first hour since 1970.

    Only whole days count; a day in which every hour is NaN adds nothing.
    """
    figure = new_figure(9.0, 4.5)
    axes = figure.subplots()
    for name, (first, hourly) in series.items():
        days = hourly[: len(hourly) // DAY_HOURS * DAY_HOURS].reshape(-1, DAY_HOURS)
        known = ~np.isnan(days)
        mean = np.where(known, days, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        times = pd.to_datetime((first + DAY_HOURS * np.arange(len(days))) * 3600, unit="s")
        style, width = "--" if name in dashed else "-", 2.0 if name == bold else 1.0
        axes.plot(times, np.cumsum(mean), style, linewidth=width, label=name)
    axes.axhline(0.0, color="0.6", linewidth=0.8)
    axes.set(ylabel=ylabel, title=title)
    if series:
        axes.legend(fontsize=7)
    return figure


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _titled(title: str, label: str) -> str:
    return f"{title} ({label})" if label else title


def _thinned(points: int) -> NDArray[np.int64]:
    """Positions of at most MAX_POINTS points, the first and the last among them."""
    return np.unique(np.linspace(0, points - 1, min(points, MAX_POINTS)).astype(np.int64))
