"""The whole feature set: its rate, its linearity, and the join and rank that it rests on against polars."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.indicators import row
from benchmarks.made_up_candles import Frames, candle_frames
from benchmarks.rounds import Work, medians, peak_gib, polars_on_one_thread, seconds
from okx_core.features.compute import compute_features, history_start
from okx_core.features.grid import broadcast_bars, lay_on_grid
from okx_core.features.kernels.cross_section import market_rank
from okx_core.features.registry import FEATURES
from okx_core.features.timeframes import FOUR_HOURLY, hour_number
from okx_core.hours import HOUR

ROUNDS, THREAD_ROUNDS = 5, 3
RANKED_PAIRS, RANKED_DAYS = 300, 90
MAX_PAIRS, MAX_DAYS = 300, 5 * 365
WRITE, SORT = "writing its five columns (floor)", "the sort of its keys alone (floor)"
PRICES = ("open", "high", "low", "close", "volume")


def full_set_rows() -> Iterator[dict[str, Any]]:
    """The whole registry: cost per row at 1 M rows against 0.25 M, and one hour against history length."""
    hours = 24 * 520
    large, start, end = candle_frames(80, hours)
    small, _, _ = candle_frames(20, hours)
    works: dict[str, Work] = {
        "few": lambda: compute_features(*small, start, end),
        "many": lambda: compute_features(*large, start, end),
        "threads": lambda: compute_features(*large, start, end, threads=2),
    }
    alone = medians({name: works[name] for name in ("few", "many")}, ROUNDS, clock=time.process_time)
    few, many = 1e9 * alone["few"] / (20 * hours), 1e9 * alone["many"] / (80 * hours)
    both = medians({name: works[name] for name in ("many", "threads")}, THREAD_ROUNDS)
    one_thread, two_threads = (1e9 * lap / (80 * hours) for lap in both.values())
    yield row(f"{len(FEATURES)} features, 1 M rows, one thread", "budget: 1 M rows a second", many, 1_000.0)
    yield row("the same, one thread", "0.25 M rows", many, few)
    yield row("the same, two threads", "one thread", two_threads, one_thread)
    young, old = start + timedelta(days=260), end
    short, long = cut_to(large, young), cut_to(large, old)
    hour = medians(
        {
            "early": lambda: compute_features(*short, young - HOUR, young),
            "late": lambda: compute_features(*long, old - HOUR, old),
        },
        ROUNDS,
    )
    yield row(
        "one new hour after 17 months", "after 9 months", *(1e9 * hour[at] / 80 for at in ("late", "early"))
    )


def cut_to(frames: Frames, end: datetime) -> Frames:
    """Candles that the hour before `end` needs: what a reader fetches."""
    last = end - HOUR

    def cut(frame: pd.DataFrame, step: str) -> pd.DataFrame:
        times = frame["timestamp_utc"]
        return frame[(times >= history_start(last, step)) & (times < end)]

    return tuple(cut(frame, step) for frame, step in zip(frames, ("1h", "4h", "1d", "15m"), strict=True))


def join_rows() -> Iterator[dict[str, Any]]:
    """Open to volume of the last closed 4h bar beside every hourly bar, from frames to columns."""
    pl = polars_on_one_thread()
    (hourly, four_hourly, *_), start, end = candle_frames(50, 24 * 360)
    pairs = tuple(sorted(hourly["pair"].unique()))
    first, stop = hour_number(start), hour_number(end)
    left = pl.from_pandas(hourly[["pair", "timestamp_utc"]]).with_columns(
        known=pl.col("timestamp_utc") + pl.duration(hours=1)
    )
    right = pl.from_pandas(four_hourly[["pair", "timestamp_utc", *PRICES]]).with_columns(
        known=pl.col("timestamp_utc") + pl.duration(hours=4)
    )

    def ours() -> object:
        newest = FOUR_HOURLY.usable_bar(stop - 1) + 1
        grid = lay_on_grid(four_hourly, pairs, FOUR_HOURLY.usable_bar(first), newest, FOUR_HOURLY, PRICES)
        usable = FOUR_HOURLY.usable_bars(first, stop)
        beside = np.empty((len(PRICES), len(pairs), stop - first))
        for name, columns in zip(PRICES, beside, strict=True):
            broadcast_bars(grid.fields[name], usable - usable[0], columns)
        return beside

    def theirs() -> object:
        return left.sort("known").join_asof(
            right.sort("known"), on="known", by="pair", check_sortedness=False
        )

    beside = np.empty((len(PRICES), len(pairs), stop - first))
    works = {"ours": ours, "polars join_asof": theirs, WRITE: lambda: beside.fill(1.0)}
    found = medians(works, ROUNDS, clock=time.process_time)
    mine = found.pop("ours")
    for peer, lap in found.items():
        yield row("last closed 4h bar", peer, 1e9 * mine / len(hourly), 1e9 * lap / len(hourly))


def rank_rows() -> Iterator[dict[str, Any]]:
    """Ranks of all pairs in every hour; then every cross-pair feature of five years."""
    pl = polars_on_one_thread()
    values = np.random.default_rng(2).normal(0.0, 1.0, (RANKED_PAIRS, 24 * RANKED_DAYS))
    frame = pl.DataFrame({"hour": np.tile(np.arange(values.shape[1]), RANKED_PAIRS), "value": values.ravel()})

    def theirs() -> object:
        return frame.select((pl.col("value").rank("average") - 1.0).over("hour"))

    keys = np.random.default_rng(3).integers(0, 2**63, values.shape[::-1], dtype=np.uint64)
    sortable = np.empty_like(keys)

    def sort_alone() -> None:
        np.copyto(sortable, keys)
        sortable.sort(axis=1)

    works = {"ours": lambda: market_rank(values), "polars rank.over": theirs, SORT: sort_alone}
    found = medians(works, ROUNDS, clock=time.process_time)
    ours = found.pop("ours")
    for peer, lap in found.items():
        yield row("cross-sectional rank", peer, 1e9 * ours / values.size, 1e9 * lap / values.size)
    frames, start, end = candle_frames(MAX_PAIRS, 24 * MAX_DAYS)
    ranks = [feature for feature in FEATURES if feature.timeframe == "cross"]
    seconds_taken = seconds(lambda: compute_features(*frames, start, end, ranks, threads=2))
    yield {
        "name": f"{len(ranks)} cross-pair features, {MAX_PAIRS} pairs x 5 years",
        "peer": f"{len(frames[0]) / 1e6:.1f} M rows in {seconds_taken:.1f} s on two threads (budget 20 s)",
    }


def run() -> list[dict[str, Any]]:
    """All rows: name, peer, ours_ns_per_row, peer_ns_per_row, ratio; and what was used of memory."""
    rows = [*full_set_rows(), *join_rows(), *rank_rows()]
    return [*rows, {"name": "peak memory of these", "peer": f"{peak_gib():.1f} GiB with their inputs"}]


if __name__ == "__main__":
    for line in run():
        print(line)
