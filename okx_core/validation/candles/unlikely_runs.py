"""Stretches of bars that a market does not make: on a line, without wicks, a copy of others, too smooth."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# By chance the runs of one kind that are found in all bars of a pair, when such bars come three times as often as
# in the pair's whole history: they gather in quiet hours.
CHANCE, GATHERED = 1e-6, 3.0
SHORTEST = 3
SAME = 1e-6  # of a step
DIGITS = 9  # of a ratio of prices of one bar
# Hours, and how small the squared changes of the returns may be relative to the squared returns: about 2 where
# each is independent. On four million hours of real candles of 82 pairs the least were .12, .13, .13 and .21.
SMOOTHEST = {8: 0.01, 10: 0.03, 12: 0.05, 16: 0.1}
SMOOTH_CHANCE = 1e-9

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def unlikely_runs(rows: pd.DataFrame, follows: Mask, silent_market: Mask) -> Iterator[tuple[str, Mask]]:
    """Each kind of run and the bars [bars] that belong to one, of a pair's `rows` in order of time.

    `follows` is whether the hour before is there, `silent_market` whether nobody traded.
    """
    prices = {name: rows[name].to_numpy(np.float64) for name in ("open", "high", "low", "close")}
    volume = rows["volume"].to_numpy(np.float64)
    usual = follows & ~silent_market
    lines = {
        name: _on_a_line(values, usual) for name, values in (("close", prices["close"]), ("volume", volume))
    }
    for name, on_a_line in lines.items():
        yield f"have their {name} on a line", _long_runs(on_a_line, before=2)
    top, bottom = np.maximum(prices["open"], prices["close"]), np.minimum(prices["open"], prices["close"])
    lively = usual & (prices["high"] > prices["low"])
    yield "have no wick", _long_runs(lively & (prices["high"] == top) & (prices["low"] == bottom))
    with np.errstate(all="ignore"):
        ratios = {
            name: np.round(np.log(prices[name] / prices["open"]), DIGITS) for name in ("high", "low", "close")
        }
    traded = usual & (volume > 0.0)
    hours = rows["timestamp_utc"].to_numpy(dtype="datetime64[h]").astype(np.int64)
    for text, columns, valid in (
        ("repeat earlier bars", ratios, lively),
        ("repeat the volume of earlier bars", {"volume": volume}, traded),
    ):
        yield text, _long_runs(_repeats(columns, valid, hours), before=1)
    share = float(lines["close"].mean())
    yield "are smoother than any market", _smooth(np.log(prices["close"]), usual, share)


def _on_a_line(values: Floats, usual: Mask) -> Mask:
    """Where the step to a bar is that to the bar before [bars], in the values or their logarithm."""
    found = np.zeros(values.shape, dtype=bool)
    with np.errstate(all="ignore"):
        for path in (values, np.log(values)):
            step = np.diff(path, prepend=np.nan)
            change = np.diff(step, prepend=np.nan)
            found |= (np.abs(change) <= SAME * np.abs(step)) & (np.abs(step) > 1e-12 * np.abs(path))
    return found & usual & np.roll(usual, 1)


def _repeats(columns: dict[str, Floats], valid: Mask, hours: NDArray[np.int64]) -> Mask:
    """Where a bar and the one before are those of so many hours before, for both the same number of hours."""
    codes = pd.util.hash_pandas_object(pd.DataFrame(columns), index=False).to_numpy()
    earlier = pd.Series(np.where(valid, hours, -1)).groupby(codes).shift()
    distance = np.where(valid & (earlier.to_numpy() >= 0), hours - earlier.to_numpy(), np.nan)
    same: Mask = distance == np.concatenate([[np.nan], distance[:-1]])
    return same


def _long_runs(members: Mask, before: int = 0) -> Mask:
    """The runs of `members` that are longer than by chance, with so many bars before each."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], members.astype(np.int8), [0]])))
    begins, ends = edges[::2], edges[1::2]
    found = np.zeros(members.shape, dtype=bool)
    if not begins.size:
        return found
    # How often a run begins, so that the bars of a long one do not make long ones likely.
    probability = min(GATHERED * begins.size / members.size, 0.5)
    shortest = max(SHORTEST, int(np.ceil(np.log(CHANCE / members.size) / np.log(probability))))
    for begin, end in zip(begins, ends, strict=True):
        if end - begin >= shortest:
            found[max(begin - before, 0) : end] = True
    return found


def _smooth(path: Floats, usual: Mask, on_a_line: float) -> Mask:
    """Bars of windows whose returns hardly change from hour to hour; `on_a_line` is the share that do so by ticks."""
    found = np.zeros(path.shape, dtype=bool)
    step = np.where(usual, np.diff(path, prepend=np.nan), np.nan)
    change = np.diff(step, prepend=np.nan)
    for length, smoothest in SMOOTHEST.items():
        if path.size <= length or (GATHERED * on_a_line) ** (length - 2) > SMOOTH_CHANCE:
            continue
        power = pd.Series(step**2).rolling(length).sum().to_numpy()
        changes = pd.Series(change**2).rolling(length - 1).sum().to_numpy()
        with np.errstate(all="ignore"):
            ends = np.flatnonzero((changes < smoothest * power) & (power > 1e-12))
        for end in ends:
            found[end - length + 1 : end + 1] = True
    return found
