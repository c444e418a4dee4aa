"""The declaration of a label, and the input of label functions."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from okx_core.features.bars import lag
from okx_core.features.kernels import elementwise, windows

Array = NDArray[np.float64]


class FutureBars:
    """High, low and close [pairs, bars] of some pairs, unknown bars NaN.

    A label function returns the same shape: value t is about entering at the close of bar t. It may
    read `lookback_bars` bars up to t and `horizon_hours` bars after it; what it cannot know is NaN.
    """

    def __init__(self, high: Array, low: Array, close: Array) -> None:
        self.high = high
        self.low = low
        self.close = close
        self.known: dict[object, object] = {}  # what labels share, see `shared`

    @cached_property
    def log_return(self) -> Array:
        """ln(close / previous close)."""
        return elementwise.log_ratio(self.close, lag(self.close, 1))

    def highest(self, bars: int) -> Array:
        """Highest high of the `bars` bars after each bar."""
        return later(windows.rolling_max(self.high, bars), bars)

    def lowest(self, bars: int) -> Array:
        """Lowest low of the `bars` bars after each bar."""
        return -later(windows.rolling_max(-self.low, bars), bars)


def later(values: Array, bars: int) -> Array:
    """`values` as they will be `bars` bars later; NaN beyond the array's end."""
    out = np.full(values.shape, np.nan)
    out[:, : max(values.shape[1] - bars, 0)] = values[:, bars:]
    return out


@dataclass(frozen=True)
class Label:
    """One label column of the set '1d' or '2w'; `unknown` says when it is NULL in a row that exists."""

    name: str
    horizon_set: str
    horizon_hours: int
    unit: str
    description: str
    formula: str
    compute: Callable[[FutureBars], Array]
    lookback_bars: int = 1
    unknown: str = ""
    source: str = ""


def label(
    horizon_set: str, horizon_hours: int, unit: str, *, formula: str, lookback_bars: int = 1, unknown: str = "",
    source: str = "",
) -> Callable[[Callable[[FutureBars], Array]], Label]:  # fmt: skip
    """Declare the decorated function as a label: its name is the column, its docstring says what it is."""

    def declare(compute: Callable[[FutureBars], Array]) -> Label:
        return Label(
            name=compute.__name__,
            horizon_set=horizon_set,
            horizon_hours=horizon_hours,
            unit=unit,
            description=" ".join((inspect.getdoc(compute) or "").split()).rstrip("."),
            formula=formula,
            compute=compute,
            lookback_bars=lookback_bars,
            unknown=unknown,
            source=source,
        )

    return declare
