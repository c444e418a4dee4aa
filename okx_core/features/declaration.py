"""The declaration of a feature: tables, docs, checks and training sets are made from it."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from okx_core.features.kernels.missing import fewest_known

Array = NDArray[np.float64]
Declared = TypeVar("Declared")
Input = Literal[
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "taker_buy_base",
    "timestamp_utc",
    "universe",
    "funding",
]

Inputs = tuple[Input, ...]
HIGH_LOW_CLOSE: Inputs = ("high", "low", "close")
PRICES: Inputs = ("open", "high", "low", "close")


@dataclass(frozen=True)
class Feature:
    """One column of features_1h.

    `compute` takes `Bars` (timeframe '15m', '1h', '4h', '1d') or `CrossSection` (timeframe 'cross') and returns
    [pairs, bars]. The value is NULL until `lookback_bars` bars, the row's own included, are known; what a
    missing one costs is in `kernels.missing`. `anchored` says that the indicator is recursive and starts at
    the month's anchor.
    `inputs` are the candle columns, the universe or the funding that can change it; `source` names who
    published the formula, empty where it is elementary or ours. `may_be_unknown` is
    why a value may be NULL with every bar known.
    """

    name: str
    group: str
    description: str
    unit: str
    lookback_bars: int
    compute: Callable[[Any], Array]
    timeframe: str = "1h"
    anchored: bool = False
    scale_free: bool = True
    undefined: str = ""
    formula: str = field(kw_only=True)
    inputs: Inputs = field(kw_only=True)
    source: str = ""
    may_be_unknown: str = ""

    @property
    def null_rule(self) -> str:
        """When the feature is NULL, at the start and after a gap, and what it says where undefined."""
        bars = "bars" if self.timeframe == "cross" else f"{self.timeframe} bars"
        needed, fewest = self.lookback_bars, fewest_known(self.lookback_bars)
        rule = f"NULL until {needed} {bars} are known"
        if fewest < needed:
            rule += (
                f", later unless {fewest} of the last {needed} are, and after a gap of {needed // 4 + 1} anew"
            )
        return "; ".join(part for part in (rule, self.may_be_unknown, self.undefined) if part)

    @property
    def is_calendar(self) -> bool:
        """Whether it depends on the time alone: it may be constant for weeks and follows no price."""
        return set(self.inputs) <= {"timestamp_utc", "funding"}

    def on(self, timeframe: str) -> "Feature":
        """The same feature on bars of another timeframe, as of the last one closed."""
        return replace(
            self,
            name=f"{self.name}_{timeframe}",
            group=f"{self.group}_{timeframe}",
            timeframe=timeframe,
            description=f"{self.description}, on the last closed {timeframe} bar",
        )


def feature(
    group: str,
    unit: str,
    lookback_bars: int,
    *,
    formula: str,
    inputs: Inputs,
    source: str = "",
    timeframe: str = "1h",
    anchored: bool = False,
    scale_free: bool = True,
    undefined: str = "",
    may_be_unknown: str = "",
) -> Callable[[Callable[[Any], Array]], Feature]:
    """Declare the decorated function as a feature: its name is the column, its docstring says what it is."""

    def declare(compute: Callable[[Any], Array]) -> Feature:
        return Feature(
            name=compute.__name__,
            group=group,
            description=" ".join((inspect.getdoc(compute) or "").split()).rstrip("."),
            unit=unit,
            lookback_bars=lookback_bars,
            compute=compute,
            timeframe=timeframe,
            anchored=anchored,
            scale_free=scale_free,
            undefined=undefined,
            formula=formula,
            source=source,
            inputs=inputs,
            may_be_unknown=may_be_unknown,
        )

    return declare


def members_of(module: ModuleType, kind: type[Declared]) -> Iterator[Declared]:
    """Every `kind` that a module declares, itself or in tuples, in the order of the file."""
    for value in vars(module).values():
        members = value if isinstance(value, tuple) else (value,)
        yield from (member for member in members if isinstance(member, kind))


def declared_in(module: ModuleType) -> Iterator[Feature]:
    """The features of a module."""
    return members_of(module, Feature)
