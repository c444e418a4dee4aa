"""What is said about a feature: everything that tables, docs, checks and training sets are made from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Feature:
    """One column of features_1h.

    `compute` takes `Bars` (timeframe '1h', '4h', '1d') or `Market` (timeframe 'cross') and returns
    [pairs, bars]. The value is NULL until `lookback_bars` unbroken bars, the row's own included, are
    known; `anchored` says that the indicator is recursive and starts at the month's anchor.
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

    @property
    def null_rule(self) -> str:
        """When the feature is NULL, and what it says where its formula is undefined."""
        bars = "bars" if self.timeframe == "cross" else f"{self.timeframe} bars"
        rule = f"NULL until {self.lookback_bars} unbroken {bars} are known"
        return f"{rule}; {self.undefined}" if self.undefined else rule

    def on(self, timeframe: str) -> "Feature":
        """The same feature on bars of another timeframe, as of the last one closed."""
        return replace(
            self,
            name=f"{self.name}_{timeframe}",
            group=f"{self.group}_{timeframe}",
            timeframe=timeframe,
            description=f"{self.description}, on the last closed {timeframe} bar",
        )
