"""Checks of the candles themselves: a leak in them is in every feature, and no test of features can see it."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.candles.buckets import aggregated
from okx_core.features.candle_set import CandleSet
from okx_core.features.declaration import Feature
from okx_core.hours import HOUR
from okx_core.validation.filled_bars import filled_bars
from okx_core.validation.result import ValidationResult, validation_result
from okx_core.validation.universe_check import knows_its_day

LAGS = range(-12, 13)
BLOCK = 24 * 60  # hours over which a pair is compared with the others
MIN_HOURS = 500
MIN_ADVANTAGE = 0.1  # of the correlation at another hour over that in the same one
SAME_PRICE = 1e-9
OTHER_QUARTERS = 0.05  # share of hours whose quarters may end elsewhere

Floats = NDArray[np.float64]


def candle_leaks(candles: CandleSet, features: Sequence[Feature]) -> ValidationResult:
    """What knows a later hour: a shifted pair, a longer bar, 15-minute bars, the universe; and bars filled in."""
    hourly = candles.hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    found = {**dict(_shifted_pairs(hourly)), **dict(_longer_bars(candles)), **dict(_quarters(candles))}
    found |= dict(filled_bars(hourly))
    reason = knows_its_day(candles.universe, hourly)
    found |= {"universe": reason} if reason else {}
    evidence = (
        f"{hourly['pair'].nunique()} pairs against each other and their own longer bars, {len(hourly):,} bars"
    )
    return validation_result("candles", features, found, evidence)


def _shifted_pairs(hourly: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Pairs whose returns go with those of the others better some hours earlier or later than in the same hour."""
    close = hourly.pivot(index="timestamp_utc", columns="pair", values="close").asfreq("h")
    returns = close.apply(np.log).diff()
    scaled = (returns / returns.std()).clip(-5.0, 5.0).to_numpy()
    for place, pair in enumerate(returns.columns if returns.shape[1] > 1 else ()):
        others = np.delete(scaled, place, axis=1)
        known = np.isfinite(others).sum(axis=1)
        market = np.where(known > 0, np.nansum(others, axis=1) / np.maximum(known, 1), np.nan)
        for begin in range(0, len(scaled), BLOCK):
            end = len(scaled) if len(scaled) - begin < 2 * BLOCK else begin + BLOCK
            shift = _best_shift(scaled[begin:end, place], market[begin:end])
            if shift:
                hours = returns.index[begin], returns.index[end - 1]
                lag, best, same = shift
                way = f"{lag} h before" if lag > 0 else f"{-lag} h after"
                yield (
                    str(pair),
                    (
                        f"moves {way} the other pairs from {hours[0]:%Y-%m-%d %H:%M} to {hours[1]:%Y-%m-%d %H:%M}: "
                        f"correlation {best:.2f}, in the same hour {same:.2f}; its candles are on another clock"
                    ),
                )
                break
            if end == len(scaled):
                break


def _best_shift(own: Floats, market: Floats) -> tuple[int, float, float] | None:
    """The lag at which the pair goes with the market, its correlation and that of lag 0; None when it is 0."""
    found: dict[int, float] = {}
    size = own.size
    for lag in LAGS:
        one, other = own[max(-lag, 0) : size - max(lag, 0)], market[max(lag, 0) : size + min(lag, 0)]
        both = np.isfinite(one) & np.isfinite(other)
        if both.sum() < MIN_HOURS or np.ptp(one[both]) == 0.0 or np.ptp(other[both]) == 0.0:
            return None
        found[lag] = float(np.corrcoef(one[both], other[both])[0, 1])
    best = max(found, key=lambda lag: found[lag])
    needed = max(MIN_ADVANTAGE, 6.0 / np.sqrt(np.isfinite(own).sum()))
    return (best, found[best], found[0]) if found[best] > found[0] + needed else None


def _longer_bars(candles: CandleSet) -> Iterator[tuple[str, str]]:
    """4h and 1d bars that are not those of their hours, where the hours are known."""
    first = candles.hourly.groupby("pair")["timestamp_utc"].min()
    for name, hours in (("4h", 4), ("1d", 24)):
        bars, expected = candles.frames[name], aggregated(candles.hourly, hours)
        inside = bars["timestamp_utc"] > bars["pair"].map(first)
        prices = [column for column in ("open", "high", "low", "close") if column in bars]
        both = bars.loc[inside].merge(
            expected, on=["pair", "timestamp_utc"], how="left", suffixes=("", "_of_hours")
        )
        other = np.zeros(len(both), dtype=bool)
        for column in prices:
            made = both[f"{column}_of_hours"].to_numpy(np.float64)
            other |= ~(np.abs(both[column].to_numpy(np.float64) - made) <= SAME_PRICE * np.abs(made))
        if other.any():
            row = both[other].iloc[0]
            yield (
                f"candles_{name}",
                (
                    f"{int(other.sum())} bars are not those of their hours, the first {row['pair']} "
                    f"{row['timestamp_utc']:%Y-%m-%d %H:%M}: close {row['close']:.8g}, its hours have "
                    f"{row['close_of_hours']:.8g}; derive them again"
                ),
            )


def _quarters(candles: CandleSet) -> Iterator[tuple[str, str]]:
    """Pairs whose last quarter of the hour does not close where the hour does."""
    quarters = candles.frames["15m"]
    if quarters.empty:
        return
    last = quarters[quarters["timestamp_utc"].dt.minute == 45]
    last = last.assign(timestamp_utc=last["timestamp_utc"] - 0.75 * HOUR)[["pair", "timestamp_utc", "close"]]
    both = last.merge(candles.hourly[["pair", "timestamp_utc", "close"]], on=["pair", "timestamp_utc"])
    apart = (both["close_x"] / both["close_y"] - 1.0).abs() > 1e-3
    shares = apart.groupby(both["pair"]).mean()
    for pair, share in shares[shares > OTHER_QUARTERS].items():
        yield (
            f"candles_15m {pair}",
            f"{share:.0%} of its hours end elsewhere than their last quarter: fetch them again",
        )
