"""Exits by price: stop, take-profit, break-even and trailing stop, as an exchange holds them.

Levels are set when a position is filled and moved when a bar has closed, from what was known then: inside a bar they
stand still. Of a bar only open, high and low are known, not their order, so the worse of two levels that it reaches is
the one that was hit.
"""

import math
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.errors import OkxSignalError

Array = NDArray[np.float64]

REASONS = ("horizon", "prediction", "stop", "break_even", "trailing", "target", "delisted")
HORIZON, PREDICTION, STOP, BREAK_EVEN, TRAILING, TARGET, DELISTED = range(len(REASONS))
STAYS = -1


class ExitRulesError(OkxSignalError):
    """Exit rules that cannot be meant."""


@dataclass(frozen=True)
class ExitRules:
    """Where a position is closed whatever is predicted; None is no such exit. Percentages are of the entry price.

    With two stops the nearer one counts, and so with two trailing distances. `_atr` are multiples of the average true
    range of the last 24 hours at the decision. Raises ExitRulesError.
    """

    stop_pct: float | None = None
    stop_atr: float | None = None
    target_ratio: float | None = None
    """Take-profit as a multiple of the distance to the stop."""
    break_even_after_pct: float | None = None
    """Gain from which on the stop is at the entry price."""
    trail_pct: float | None = None
    trail_atr: float | None = None
    trail_after_pct: float = 0.0
    """Gain from which on the stop trails the highest price."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0.0 if field.name == "trail_after_pct" else math.ulp(0.0)
            if value is not None and not least <= value < math.inf:
                raise ExitRulesError(
                    f"{field.name} is {value}: give a number above 0, or none for no such exit"
                )
        for name in ("stop_pct", "trail_pct"):
            value = getattr(self, name)
            if value is not None and value >= 100.0:
                raise ExitRulesError(f"{name} is {value} %: a price cannot fall by 100 %, give less")
        if self.target_ratio is not None and not self.has_stop:
            raise ExitRulesError(
                "target_ratio is a multiple of the distance to the stop: give stop_pct or stop_atr"
            )

    @property
    def has_stop(self) -> bool:
        return self.stop_pct is not None or self.stop_atr is not None

    @property
    def trails(self) -> bool:
        return self.trail_pct is not None or self.trail_atr is not None

    def stop_distances(self, atr_pct: Array) -> Array:
        """Distance of the stop in percent of the entry price, in the shape of `atr_pct`; NaN where it is unknown.

        A stop that needs an unknown range is unknown even beside one in percent: it might be nearer.
        """
        return _nearer(self.stop_pct, self.stop_atr, atr_pct)

    def trail_distances(self, atr_pct: Array) -> Array:
        """Distance in percent at which the stop trails the highest price; NaN where it does not."""
        return _nearer(self.trail_pct, self.trail_atr, atr_pct)

    def terms(self) -> "ExitTerms":
        """The numbers that compiled code works with."""
        return ExitTerms(
            target_ratio=math.nan if self.target_ratio is None else self.target_ratio,
            break_even_after_pct=math.nan if self.break_even_after_pct is None else self.break_even_after_pct,
            trail_after_pct=self.trail_after_pct,
        )


def _nearer(percent: float | None, multiple: float | None, atr_pct: Array) -> Array:
    fixed = np.full(atr_pct.shape, math.nan if percent is None else percent)
    if multiple is None:
        return fixed
    ranged = multiple * atr_pct
    nearer = ranged if percent is None else np.minimum(fixed, ranged)
    return np.asarray(np.where((nearer > 0.0) & (nearer < 100.0), nearer, np.nan), dtype=np.float64)


class ExitTerms(NamedTuple):
    """Exit rules as plain numbers, NaN where there is no such exit."""

    target_ratio: float
    break_even_after_pct: float
    trail_after_pct: float


@compiled
def steps_up(value: float, step: float) -> float:
    """`value` in steps, above by more than it may be wrong: rounded down, a whole number of steps stays one."""
    return value / step + 1e-9 + 1e-15 * abs(value / step)


@compiled
def level_below(price: float, tick: float) -> float:
    """The highest price on the exchange's grid that is not above `price`; `price` itself without a tick."""
    return _on_grid(np.floor(steps_up(price, tick)), tick) if tick > 0.0 else price


@compiled
def level_above(price: float, tick: float) -> float:
    """The lowest price on the exchange's grid that is not below `price`; `price` itself without a tick."""
    return _on_grid(-np.floor(steps_up(-price, tick)), tick) if tick > 0.0 else price


@compiled
def _on_grid(steps: float, tick: float) -> float:
    """`steps` ticks, as the decimal number that the exchange means: 993 ticks of 0.1 are 99.3."""
    return float(steps * tick if tick >= 1.0 else steps / np.rint(1.0 / tick))


@compiled
def moved_stop(
    stop: float, reason: int, entry: float, highest: float, trail_pct: float, tick: float, terms: ExitTerms
) -> tuple[float, int]:
    """The stop after a bar, never lower than before, and the reason that it will close for."""
    if highest >= entry + entry * terms.break_even_after_pct / 100.0 and not stop >= entry:
        stop, reason = entry, BREAK_EVEN
    if highest >= entry + entry * terms.trail_after_pct / 100.0:
        trailing = level_below(highest - highest * trail_pct / 100.0, tick)
        if trailing == trailing and not stop >= trailing:
            stop, reason = trailing, TRAILING
    return stop, reason


@compiled
def bar_exit(
    opened: float, high: float, low: float, stop: float, target: float, reason: int
) -> tuple[float, int]:
    """Price and reason of the exit inside a bar, STAYS where no level is reached; a level that is NaN is none.

    Through a gap a stop fills at the open. A target that is only touched is not filled: other orders may
    have come first.
    """
    if opened <= stop:
        return opened, reason
    if opened > target:
        return opened, TARGET
    if low <= stop:
        return stop, reason
    if high > target:
        return target, TARGET
    return math.nan, STAYS
