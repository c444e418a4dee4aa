"""The synthetic market as candles. Drawing the paths inside its hours takes long, so a run of tests does it once."""

import fcntl
import pickle
from dataclasses import replace
from pathlib import Path

import pandas as pd

from okx_core.features.candle_set import CandleSet
from okx_jobs.research.synthetic_candles import synthetic_candles

DAYS = 120


def synthetic_market(folder: Path) -> CandleSet:
    """DAYS days; whoever asks first draws them and leaves them in the folder, which workers share."""
    kept = folder / "synthetic_market.pickle"
    with (folder / "synthetic_market.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(synthetic_candles(DAYS)))
    return pickle.loads(kept.read_bytes())


def first_days(market: CandleSet, days: int) -> CandleSet:
    """The first days of the market, at most DAYS."""
    end = market.hourly["timestamp_utc"].min() + pd.Timedelta(days=days)
    frames = {name: frame[frame["timestamp_utc"] < end].copy() for name, frame in market.frames.items()}
    universe = market.universe
    return replace(market, frames=frames, universe=universe[pd.to_datetime(universe["day"], utc=True) < end])


def some_pairs(market: CandleSet, count: int) -> CandleSet:
    """The first pairs of the market alone."""
    chosen = sorted(market.hourly["pair"].unique())[:count]
    frames = {name: frame[frame["pair"].isin(chosen)].copy() for name, frame in market.frames.items()}
    return replace(market, frames=frames, universe=market.universe[market.universe["pair"].isin(chosen)])
