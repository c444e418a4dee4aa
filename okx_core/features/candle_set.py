"""The candles that features are computed from, and what of them was known at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.candles.buckets import aggregated
from okx_core.features.compute import compute_features, history_start
from okx_core.features.declaration import Feature
from okx_core.features.funding import MEMORY_HOURS
from okx_core.features.registry import FEATURES
from okx_core.features.timeframes import TIMEFRAMES
from okx_core.hours import HOUR

MEMORY = MEMORY_HOURS * HOUR
OTHER_INTERVAL = timedelta(minutes=37)
SUMS_AND_PRICES = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_base")


@dataclass(frozen=True)
class CandleSet:
    """Candles by timeframe ('1h', '4h', '1d', '15m').

    And, where they are known, the universe (day, pair, enabled) and when each pair's `funding` was paid
    (pair, timestamp_utc).
    """

    frames: dict[str, pd.DataFrame]
    universe: pd.DataFrame | None = None
    funding: pd.DataFrame | None = None

    @classmethod
    def of_hourly(cls, hourly: pd.DataFrame, quarter_hourly: pd.DataFrame | None = None) -> "CandleSet":
        """Hourly candles with the 4h and 1d candles that follow from them."""
        quarters = hourly.head(0) if quarter_hourly is None else quarter_hourly
        frames = {"1h": hourly, "4h": aggregated(hourly, 4), "1d": aggregated(hourly, 24), "15m": quarters}
        return cls(frames)

    @property
    def hourly(self) -> pd.DataFrame:
        return self.frames["1h"]

    def features(
        self, start: datetime, end: datetime, features: Sequence[Feature] = FEATURES, threads: int = 1
    ) -> pd.DataFrame:
        """Feature rows with start <= open < end, as `compute_features` gives them."""
        hours, four_hours, days, quarters = (self.frames[name] for name in ("1h", "4h", "1d", "15m"))
        return compute_features(
            hours, four_hours, days, quarters, start, end, features,
            universe=self.universe, funding=self.funding, threads=threads,
        )  # fmt: skip

    def read_by(self, features: Sequence[Feature]) -> "CandleSet":
        """The candles of the timeframes that these features read; the hourly ones say which rows there are."""
        read = {"1h", *(feature.timeframe for feature in features)}
        return replace(
            self,
            frames={name: frame if name in read else frame.head(0) for name, frame in self.frames.items()},
        )

    def needed_for(self, start: datetime, end: datetime) -> "CandleSet":
        """Only the candles that rows of [start, end) depend on."""
        kept = {
            name: frame[frame["timestamp_utc"].between(history_start(start, name), end, inclusive="left")]
            for name, frame in self.frames.items()
        }
        funding = self.funding
        if funding is not None:
            funding = funding[funding["timestamp_utc"].between(start - MEMORY, end + HOUR)]
        return replace(self, frames=kept, funding=funding)

    def known_at(self, row: datetime) -> "CandleSet":
        """The bars that had closed, and the funding that was paid, when the bar that opened at `row` closed."""
        kept = {name: frame[~self._is_future(name, row)] for name, frame in self.frames.items()}
        funding = self.funding
        if funding is not None:
            funding = funding[~is_paid_after(funding, row + HOUR)]
        return CandleSet(kept, self._universe_until(row), funding)

    def poisoned(self, row: datetime, factor: float) -> "CandleSet":
        """Every bar after `row` multiplied by `factor` (NaN for unknown), its universe and funding turned over."""
        frames = {}
        for name, frame in self.frames.items():
            columns = [column for column in SUMS_AND_PRICES if column in frame]
            scale = np.where(self._is_future(name, row), factor, 1.0)
            frames[name] = frame.assign(
                **{column: frame[column].astype(np.float64).to_numpy() * scale for column in columns}
            )
        universe = self.universe
        if universe is not None:
            later = pd.to_datetime(universe["day"]).dt.date > row.date()
            universe = universe.assign(enabled=universe["enabled"].astype(bool) ^ later)
        funding = self.funding
        if funding is not None:
            funding = with_other_payments(funding, dict.fromkeys(self.hourly["pair"], row + HOUR))
        return CandleSet(frames, universe, funding)

    def _is_future(self, name: str, row: datetime) -> pd.Series:
        length = timedelta(minutes=TIMEFRAMES[name].minutes)
        return self.frames[name]["timestamp_utc"] + length > row + HOUR

    def _universe_until(self, row: datetime) -> pd.DataFrame | None:
        if self.universe is None:
            return None
        return self.universe[pd.to_datetime(self.universe["day"]).dt.date <= row.date()]


def is_paid_after(funding: pd.DataFrame, moments: "datetime | Mapping[str, datetime]") -> "pd.Series[bool]":
    """Whether each payment comes after the moment, or after the one of its pair; of a pair without one, none does."""
    paid = funding["timestamp_utc"].dt.floor("min")
    is_one = isinstance(moments, datetime)
    ends = moments if is_one else pd.to_datetime(funding["pair"].map(dict(moments)), utc=True)  # type: ignore[arg-type]
    later: pd.Series[bool] = paid > ends
    return later


def with_other_payments(funding: pd.DataFrame, moments: Mapping[str, datetime]) -> pd.DataFrame:
    """Payments of another interval after the moment of each pair; pairs without one stay as they are."""
    invented = [
        pd.DataFrame(
            {"pair": pair, "timestamp_utc": pd.date_range(moment, periods=49, freq=OTHER_INTERVAL)[1:]}
        )
        for pair, moment in moments.items()
    ]
    return pd.concat([funding[~is_paid_after(funding, moments)], *invented], ignore_index=True)
