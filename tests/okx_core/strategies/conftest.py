"""A small panel: two weeks of ten pairs, some bars missing."""

import numpy as np
import pandas as pd
import pytest

from okx_core.strategies.panel import Panel

HOURS, PAIRS = 24 * 14, tuple(f"{letter}{letter}{letter}-USDT" for letter in "ABCDEFGHIJ")
COLUMNS = (
    "predicted_excess_pct", "tradable", "z_score_48", "adx", "breakout_distance_atr", "confirmed_breakout",
    "volume_spike_15m", "ema_distance_50", "ema_distance_50_4h", "ema_distance_50_1d", "adx_4h",
)  # fmt: skip


def made_panel(seed: int = 3, hours: int = HOURS) -> Panel:
    dice = np.random.default_rng(seed)
    times = pd.date_range("2024-01-01", periods=hours, freq="h", tz="UTC").as_unit("us")
    close = 100.0 * np.exp(np.cumsum(dice.normal(0.0, 0.01, (hours, len(PAIRS))), axis=0))
    keys = {"pair": np.tile(PAIRS, hours), "timestamp_utc": np.repeat(times, len(PAIRS))}
    bars = {name: close.ravel() for name in ("open", "high", "low", "close")}
    candles = pd.DataFrame({**keys, **bars, "quote_volume": 1e6})
    values = {name: dice.normal(0.3, 1.4, close.size) for name in COLUMNS}
    values |= {
        name: (dice.random(close.size) < 0.6).astype(float) for name in ("tradable", "confirmed_breakout")
    }
    values |= {name: dice.uniform(5.0, 40.0, close.size) for name in ("adx", "adx_4h")}
    kept = dice.random(close.size) > 0.02
    rows = pd.DataFrame({**keys, **values})[kept]
    start, end = times[0].to_pydatetime(), times[-1].to_pydatetime() + pd.Timedelta(hours=1)
    return Panel.of(candles[kept], rows, COLUMNS, start, end)


@pytest.fixture(scope="session")
def panel() -> Panel:
    return made_panel()
