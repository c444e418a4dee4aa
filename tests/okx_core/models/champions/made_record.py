"""Made-up records: scores of two members, and closes that follow them or not."""

import numpy as np
from scipy.signal import lfilter

from okx_core.models.champions.record import TrackRecord, track_record

WEEK = 168


def made_record(seed: int, edge: float, weeks: int = 30, pairs: int = 8) -> TrackRecord:
    """Slow scores of two members for `weeks` weeks; hourly returns lean on the mean score by `edge` of their size."""
    rng = np.random.default_rng(seed)
    hours = weeks * WEEK
    latent = _slow(rng, hours, pairs)
    members = {name: latent + 0.5 * _slow(rng, hours, pairs) for name in ("one", "two")}
    volatility = 0.006 * np.exp(0.3 * rng.normal(size=pairs))
    returns = volatility * (rng.standard_t(5, size=(hours, pairs)) + rng.normal(size=(hours, 1)))
    returns[1:] += volatility * edge * latent[:-1]
    closes = 100.0 * np.exp(np.cumsum(returns, axis=0))
    dates = tuple(range(0, hours, 4 * WEEK))
    names = tuple(f"P{number}-USDT" for number in range(pairs))
    spread = np.broadcast_to(volatility, closes.shape) * (1.0 + 0.05 * rng.random(closes.shape))
    return track_record(names, 438_288, dates, members, closes, spread)


def _slow(rng: np.random.Generator, hours: int, pairs: int) -> np.ndarray:
    """A score that changes within a day or so, with spread 1."""
    return lfilter([0.243], [1.0, -0.97], rng.normal(size=(hours, pairs)), axis=0)
