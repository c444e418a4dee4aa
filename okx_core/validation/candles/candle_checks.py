"""Checks of the candles themselves: a leak in them is in every feature, and no test of features can see it."""

from collections.abc import Iterator, Sequence

import numpy as np

from okx_core.candles.buckets import aggregated
from okx_core.features.candle_set import CandleSet
from okx_core.features.declaration import Feature
from okx_core.hours import HOUR
from okx_core.validation.candles.clocks import SUMS, other_clocks
from okx_core.validation.candles.filled_bars import filled_bars
from okx_core.validation.candles.universe_check import knows_its_day
from okx_core.validation.result import ValidationResult, validation_result

SAME_VALUE = 1e-9
OTHER_QUARTERS = 0.05  # share of hours whose quarters may end elsewhere


def candle_leaks(candles: CandleSet, features: Sequence[Feature]) -> ValidationResult:
    """What knows a later hour: a shifted pair, a longer bar, 15-minute bars, the universe; and bars filled in."""
    hourly = candles.hourly.sort_values(["pair", "timestamp_utc"], ignore_index=True)
    found = {**dict(other_clocks(hourly)), **dict(_longer_bars(candles)), **dict(_quarters(candles))}
    found |= dict(filled_bars(hourly))
    reason = knows_its_day(candles.universe, hourly)
    found |= {"universe": reason} if reason else {}
    evidence = (
        f"{hourly['pair'].nunique()} pairs against each other and their own longer bars, {len(hourly):,} bars"
    )
    return validation_result("candles", features, found, evidence)


def _longer_bars(candles: CandleSet) -> Iterator[tuple[str, str]]:
    """4h and 1d bars that are not those of their hours in any column, where the hours are known."""
    first = candles.hourly.groupby("pair")["timestamp_utc"].min()
    for name, hours in (("4h", 4), ("1d", 24)):
        bars, expected = candles.frames[name], aggregated(candles.hourly, hours)
        inside = bars["timestamp_utc"] > bars["pair"].map(first)
        both = bars.loc[inside].merge(
            expected, on=["pair", "timestamp_utc"], how="left", suffixes=("", "_of_hours")
        )
        for column in (column for column in expected if f"{column}_of_hours" in both):
            own, made = (both[key].to_numpy(np.float64) for key in (column, f"{column}_of_hours"))
            unknown = np.isnan(own) & np.isnan(made) & (column in SUMS)
            other = ~(np.abs(own - made) <= SAME_VALUE * np.abs(made)) & ~unknown
            if other.any():
                row, place = both[other].iloc[0], int(np.flatnonzero(other)[0])
                yield (
                    f"candles_{name}",
                    (
                        f"{int(other.sum())} bars are not those of their hours, the first {row['pair']} "
                        f"{row['timestamp_utc']:%Y-%m-%d %H:%M}: {column} {own[place]:.8g}, its hours have "
                        f"{made[place]:.8g}; derive them again"
                    ),
                )
                break


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
