"""The parts of the settings that travel: a function gets the part it needs, never all settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from resources.config.values import Mode


@dataclass(frozen=True)
class DatabaseSettings:
    """The user's own server, or the home of the embedded one. The URL may hold a password."""

    home: Path
    own_url: str | None = field(default=None, repr=False)

    @property
    def is_embedded(self) -> bool:
        return self.own_url is None


@dataclass(frozen=True)
class StoreSettings:
    """Location of the Parquet files, the options of fsspec, and the days that SQL holds too."""

    url: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    sql_days: int | Literal["all"] = 90


@dataclass(frozen=True)
class ModelSettings:
    """Which members are trained, which beside them, how often through history, and when a version is too old."""

    members: tuple[str, ...]
    challengers: tuple[str, ...]
    retrain_weeks: int
    champion_max_weeks: int


@dataclass(frozen=True)
class Retention:
    """How long finished runs and single public trades are kept; None for ever."""

    runs: timedelta | None
    public_trades: timedelta | None


@dataclass(frozen=True)
class ApiKeys:
    """The user's keys at OKX."""

    key: str
    secret: str
    passphrase: str


@dataclass(frozen=True)
class ExchangeSettings:
    """The exchange of a mode: addresses and keys. Without keys it answers public questions only."""

    mode: Mode
    url: str
    stream_url: str
    keys: ApiKeys | None = field(default=None, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether orders go to the simulator of this machine, whatever prices it shows."""
        return self.mode in (Mode.SIMULATED, Mode.PAPER)


@dataclass(frozen=True)
class MarketSettings:
    """Which market is traded: OKX's of a region, or a simulated tape."""

    mode: Mode
    region: str
    tape: str
    tape_seed: int
    tape_strength: float
    tape_from: datetime | None
    tape_to: datetime | None
    pairs: tuple[str, ...]
    clock: str

    @property
    def clock_is_fixed(self) -> bool:
        """Whether the exchange's clock is fixed in a recorded past, where no hour ever closes."""
        return self.mode is Mode.SIMULATED and self.clock != "real"
