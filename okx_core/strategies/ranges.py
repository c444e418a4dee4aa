"""In which range a parameter of a strategy may be varied when better ones are searched."""

import math
from dataclasses import dataclass

from okx_core.errors import OkxSignalError

SIGNIFICANT = 4  # digits of a value that is no whole number: more of them say nothing and cannot be read
NEIGHBOUR_SHARE = 0.1  # of the range, between a value and its neighbour


class RangeError(OkxSignalError):
    """A range that cannot be searched."""


@dataclass(frozen=True)
class Range:
    """Values from `low` to `high`; `log`: evenly spread in their logarithm. Raises RangeError."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.low) or not math.isfinite(self.high) or not self.low < self.high:
            raise RangeError(
                f"the range {self.low:g}:{self.high:g} holds no values: give two numbers LOW:HIGH with LOW below HIGH"
            )
        if self.log and not self.low > 0.0:
            raise RangeError(
                f"the range {self.low:g}:{self.high:g}:log begins at {self.low:g}: give a LOW above 0, or no :log"
            )

    def holds(self, value: float | None) -> bool:
        """Whether the value lies in the range; False for none."""
        return value is not None and self.low <= value <= self.high

    def rounded(self, value: float) -> float:
        """The value with as many digits as are shown, inside the range."""
        return min(max(float(f"{value:.{SIGNIFICANT}g}"), self.low), self.high)

    def neighbours(self, value: float, *, whole: bool) -> list[float]:
        """The values a tenth of the range below and above `value`, those of them that are another one in the range."""
        if self.log:
            factor = (self.high / self.low) ** NEIGHBOUR_SHARE
            beside = [value / factor, value * factor]
        else:
            step = NEIGHBOUR_SHARE * (self.high - self.low)
            beside = [value - step, value + step]
        if whole:
            beside = [min(round(beside[0]), value - 1), max(round(beside[1]), value + 1)]
            beside = [one for one in beside if self.holds(one)]
        kept = [one if whole else self.rounded(one) for one in beside]
        return [one for one in dict.fromkeys(kept) if one != value]


def parsed_range(name: str, text: str) -> Range:
    """`LOW:HIGH` or `LOW:HIGH:log`. Raises RangeError that names the parameter."""
    low, _, rest = text.partition(":")
    high, colon, scale = rest.partition(":")
    try:
        if colon and scale.strip() != "log":
            raise ValueError(scale)
        bounds = float(low), float(high)
    except ValueError:
        raise RangeError(
            f"--vary {name}={text}: give NAME=LOW:HIGH or NAME=LOW:HIGH:log, such as hours=24:240:log"
        ) from None
    try:
        return Range(*bounds, log=bool(colon))
    except RangeError as error:
        raise RangeError(f"--vary {name}={text}: {error}") from None
