"""The walk behind the path inside an hour, compiled: a random walk conditioned on what the hour's bar says.

The walk moves between the levels 0 .. `top`, which stand for the hour's low and high. Before step t it is at
some level; it then goes down, stays or goes up with chances moves[t] / 2, 1 - moves[t], moves[t] / 2. What is
drawn here is that walk given its first level, its last level, and that it has been at 0 and at `top` and never
beyond (forward sampling through the backward probabilities of a hidden Markov model, Rabiner 1989, III.A).
"""

import math

import numpy as np
from numba import njit

BOUNDS_TOUCHED = 4  # neither bound, the low, the high, both


@njit(cache=True)  # type: ignore[untyped-decorator]
def touching(touched: int, level: int, top: int) -> int:
    """Which bounds have been touched once the walk is at `level`: bit 0 for the low, bit 1 for the high."""
    if level == 0:
        touched |= 1
    if level == top:
        touched |= 2
    return touched


@njit(cache=True)  # type: ignore[untyped-decorator]
def step_back(later: np.ndarray, move: float, top: int, out: np.ndarray) -> None:
    """Chances [4, top + 1] before a step from those after it: `out[touched, level]`, `level` not yet counted."""
    stay, side = 1.0 - move, move / 2.0
    for touched in range(BOUNDS_TOUCHED):
        for level in range(1, top):  # without a branch, so that it is vectorised
            beside = later[touched, level - 1] + later[touched, level + 1]
            out[touched, level] = stay * later[touched, level] + side * beside
        low, high = touched | 1, touched | 2
        out[touched, 0] = stay * later[low, 0] + side * later[low, 1]
        out[touched, top] = stay * later[high, top] + side * later[high, top - 1]


@njit(cache=True)  # type: ignore[untyped-decorator]
def arrived(end: int, top: int, out: np.ndarray) -> None:
    """Chances [4, top + 1] after the last step: one where the walk is at `end` and both bounds are touched."""
    out[:] = 0.0
    for touched in range(BOUNDS_TOUCHED):
        if touching(touched, end, top) == BOUNDS_TOUCHED - 1:
            out[touched, end] = 1.0


@njit(cache=True)  # type: ignore[untyped-decorator]
def conditioned_walk(start: int, end: int, top: int, moves: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Levels [n + 1] of one such walk of n = moves.size steps; `draws` [n] are uniform, small ones go down."""
    steps = moves.size
    chances = np.empty((steps + 1, BOUNDS_TOUCHED, top + 1))
    arrived(end, top, chances[steps])
    for step in range(steps - 1, -1, -1):
        step_back(chances[step + 1], moves[step], top, chances[step])
    levels = np.empty(steps + 1, np.int64)
    levels[0] = level = start
    touched = 0
    for step in range(steps):
        touched = touching(touched, level, top)
        later = chances[step + 1, touched]
        down = moves[step] / 2.0 * later[level - 1] if level > 0 else 0.0
        stay = (1.0 - moves[step]) * later[level]
        up = moves[step] / 2.0 * later[level + 1] if level < top else 0.0
        drawn = draws[step] * (down + stay + up)
        if drawn < down:
            level -= 1
        elif drawn >= down + stay:
            level += 1
        levels[step + 1] = level
    return levels


@njit(cache=True)  # type: ignore[untyped-decorator]
def level_of(share: float, top: int) -> int:
    """The level in which a share of the range lies: all top + 1 levels are as wide."""
    return min(int(share * (top + 1)), top)


@njit(cache=True)  # type: ignore[untyped-decorator]
def touching_chances(tops: np.ndarray, move: float, steps: int, places: int) -> np.ndarray:
    """Chances [places, places, tops] that the walk ends where the hour closes and touches both bounds.

    Open and close are shares of the range, in the middle of `places` even places.
    """
    out = np.empty((places, places, tops.size))
    for which in range(tops.size):
        top = tops[which]
        now, before = np.empty((BOUNDS_TOUCHED, top + 1)), np.empty((BOUNDS_TOUCHED, top + 1))
        for closes in range(places):
            arrived(level_of((closes + 0.5) / places, top), top, now)
            for _ in range(steps):
                step_back(now, move, top, before)
                now, before = before, now
            for opens in range(places):
                out[opens, closes, which] = now[0, level_of((opens + 0.5) / places, top)]
    return out


@njit(cache=True)  # type: ignore[untyped-decorator]
def off_levels(levels: np.ndarray, top: int, noise: np.ndarray, opens: float, closes: float) -> np.ndarray:
    """Shares [n] of the range from `levels`, off their middles, from `opens` to `closes`, with both extremes.

    `noise` [n] are the steps, in levels, of a small walk that is added. At the first, the last, the lowest and
    the highest place it is pinned to what is due there; what leaves the range is folded back.
    """
    size, width = levels.size, top + 1.0
    lowest, highest = int(np.argmin(levels)), int(np.argmax(levels))
    # An open just above the low may be on the low's level: the low itself then follows at once.
    if lowest == 0 and opens > 0.0:
        lowest = 1
    if highest == 0 and opens < 1.0:
        highest = 1
    if lowest == size - 1 and closes > 0.0:
        lowest = size - 2
    if highest == size - 1 and closes < 1.0:
        highest = size - 2
    pins = np.array([0, min(lowest, highest), max(lowest, highest), size - 1])
    due = np.array([opens * width - levels[0] - 0.5, 0.0, 0.0, closes * width - levels[-1] - 0.5])
    small = np.cumsum(noise)
    shares = np.empty(size)
    for which in range(3):
        first, last = pins[which], pins[which + 1]
        slope = (due[which + 1] - due[which] - small[last] + small[first]) / max(last - first, 1)
        for at in range(first, last + 1):
            place = levels[at] + 0.5 + due[which] + small[at] - small[first] + slope * (at - first)
            shares[at] = (width - abs(width - abs(place))) / width
    shares[lowest], shares[highest] = 0.0, 1.0
    shares[0], shares[-1] = opens, closes
    return shares


@njit(cache=True)  # type: ignore[untyped-decorator]
def bridged(places: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Shares [n * m] of the range: m points from each of the n `places` on, along a bridge to the next place.

    `noise` [n - 1, m] are the bridges' steps, as shares of the range. What leaves the range is folded back; the
    last place stays.
    """
    parts = noise.shape[1]
    out = np.empty(places.size * parts)
    out[-parts:] = places[-1]
    for at in range(places.size - 1):
        step = (places[at + 1] - places[at] - noise[at].sum()) / parts
        point = places[at]
        for part in range(parts):
            out[at * parts + part] = 1.0 - abs(1.0 - abs(point))
            point += step + noise[at, part]
    return out


@njit(cache=True)  # type: ignore[untyped-decorator]
def log_activity(noise: np.ndarray, memory: float) -> np.ndarray:
    """How busy each slot [n] is, as a logarithm: an AR(1) walk of standard deviation one."""
    step = math.sqrt(1.0 - memory**2)
    out = np.empty_like(noise)
    state = noise[0]
    for i in range(noise.size):
        out[i] = state
        state = memory * state + step * noise[i]
    return out
