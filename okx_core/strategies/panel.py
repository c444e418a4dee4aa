"""What a strategy sees: hours and pairs as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.candles.turnover import quote_turnover
from okx_core.features.grid import lay_on_grid
from okx_core.features.timeframes import EPOCH, HOURLY, hour_number

Array = NDArray[np.float64]
BARS = ("open", "high", "low", "close", "quote_volume")


@dataclass(frozen=True)
class Panel:
    """Closed hourly bars as arrays [hours, pairs], NaN where there is none or nothing is known.

    `first_hour` counts from 1970. `columns` holds the features and predictions that the strategy asked for, by name,
    each as it was known when the bar of its row had closed. `quote_volume` is in quote units.
    """

    pairs: tuple[str, ...]
    first_hour: int
    open: Array
    high: Array
    low: Array
    close: Array
    quote_volume: Array
    columns: Mapping[str, Array]

    @classmethod
    def of(
        cls,
        candles_1h: pd.DataFrame,
        rows: pd.DataFrame,
        names: tuple[str, ...],
        start: datetime,
        end: datetime,
    ) -> "Panel":
        """The bars start <= open < end of all pairs in `candles_1h`, and columns `names` of `rows` (pair, time)."""
        first, stop = hour_number(start), hour_number(end)
        pairs = tuple(sorted(candles_1h["pair"].unique()))
        bars = lay_on_grid(candles_1h, pairs, first, stop, HOURLY, (*BARS, "volume")).fields
        known = rows[rows["pair"].isin(pairs)]
        laid = lay_on_grid(known, pairs, first, stop, HOURLY, names).fields if names else {}
        bars["quote_volume"] = quote_turnover(bars["quote_volume"], bars["volume"], bars["close"])
        turned = {name: np.ascontiguousarray(bars[name].T) for name in BARS}
        return cls(
            pairs, first, **turned, columns={name: np.ascontiguousarray(laid[name].T) for name in names}
        )

    @property
    def hours(self) -> NDArray[np.int64]:
        """The open of each row in hours since 1970 [hours]."""
        return self.first_hour + np.arange(len(self.close), dtype=np.int64)

    def moment(self, row: int) -> datetime:
        """The open of the bar of a row."""
        return EPOCH + timedelta(hours=int(self.first_hour + row))

    def until(self, rows: int) -> "Panel":
        """The first `rows` hours alone."""
        cut = {field.name: getattr(self, field.name)[:rows] for field in fields(self) if field.name in BARS}
        return replace(self, **cut, columns={name: grid[:rows] for name, grid in self.columns.items()})

    def past_return_pct(self, hours: int) -> Array:
        """Return of the close over the last `hours`, percent [hours, pairs]; NaN where an end is unknown."""
        out = np.full(self.close.shape, np.nan)
        if 0 < hours < len(out):
            out[hours:] = 100.0 * (self.close[hours:] / self.close[:-hours] - 1.0)
        return out
