"""Bars of 4 hours and of a day from hourly ones: the definition that dbt_like_sql/staging/derived_candles.sql shares.

A bucket of UTC hours that has closed is a bar when three quarters of its hours are known. `hours` says how many
are: open is that of the first known hour, close that of the last, high and low are of the known ones, sums are of
what they traded. Before a pair's first hour nothing is missing, nothing was there: its first bucket must be whole.
"""

import pandas as pd

from okx_core.hours import HOUR

MIN_HOURS_SHARE = 0.75


def fewest_hours(hours: int) -> int:
    """Hourly bars that a bar of `hours` hours needs."""
    return int(-(-hours * MIN_HOURS_SHARE // 1))


def aggregated(hourly: pd.DataFrame, hours: int) -> pd.DataFrame:
    """The bars of `hours` hours [rows: pair, timestamp_utc, prices, sums, hours], sorted by pair and open.

    A bucket has closed when the newest bar of any pair closes at its end or later. A sum is NaN when one of
    the known hours does not know it.
    """
    ordered = hourly.sort_values(["pair", "timestamp_utc"])
    bucket = ordered["timestamp_utc"].dt.floor(f"{hours}h")
    grouped = ordered.groupby([ordered["pair"], bucket], sort=True)
    bars = grouped.agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    size = grouped.size()
    for name in ("volume", "quote_volume", "taker_buy_base"):
        if name in ordered:
            bars[name] = grouped[name].sum(min_count=1).where(grouped[name].count() == size)
    bars["hours"] = size
    bars = bars.reset_index()
    seen_before = bars["pair"].duplicated()
    closed = bars["timestamp_utc"] + hours * HOUR <= ordered["timestamp_utc"].max() + HOUR
    enough = seen_before & closed & (bars["hours"] >= fewest_hours(hours))
    kept: pd.DataFrame = bars[enough | (bars["hours"] == hours)]
    return kept.reset_index(drop=True)
