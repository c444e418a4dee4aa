"""Random-walk candles without gaps, as arrays and as the frames that features read."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

Fields = dict[str, np.ndarray]
Frames = tuple[pd.DataFrame, ...]  # 1h, 4h, 1d and (none of) 15m candles


def random_walk(pairs: int, bars: int, seed: int = 3) -> Fields:
    """Gap-free candles, each field [pairs, bars]."""
    generator = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, (pairs, bars)), axis=1))
    opened = np.hstack([close[:, :1], close[:, :-1]])
    high = np.maximum(opened, close) * (1.0 + np.abs(generator.normal(0.0, 0.004, close.shape)))
    low = np.minimum(opened, close) * (1.0 - np.abs(generator.normal(0.0, 0.004, close.shape)))
    traded = generator.lognormal(3.0, 1.0, close.shape)
    return {
        "open": opened, "high": high, "low": low, "close": close, "volume": traded, "quote_volume": traded * close
    }  # fmt: skip


def candle_frames(pairs: int, hours: int) -> tuple[Frames, datetime, datetime]:
    """The three candle frames of `pairs` pairs and `hours` hours, and the window that they cover."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    fields = random_walk(pairs, hours)
    names = ["BTC-USDT", *(f"P{pair:03d}-USDT" for pair in range(1, pairs))]
    frames = []
    for step in (1, 4, 24):
        cut = {name: values.reshape(pairs, hours // step, step) for name, values in fields.items()}
        bars = {
            "open": cut["open"][..., 0], "high": cut["high"].max(-1), "low": cut["low"].min(-1),
            "close": cut["close"][..., -1], "volume": cut["volume"].sum(-1),
            "quote_volume": cut["quote_volume"].sum(-1),
        }  # fmt: skip
        opens = pd.date_range(start, periods=hours // step, freq=f"{step}h")
        keys = {"pair": np.repeat(names, len(opens)), "timestamp_utc": np.tile(opens, pairs)}
        frames.append(pd.DataFrame({**keys, **{name: values.ravel() for name, values in bars.items()}}))
    return (*frames, frames[0].head(0)), start, start + timedelta(hours=hours)
