"""Protections: after bad trades or losses no position is opened for a while. They refuse entries, never exits.

The terms are those of freqtrade's plugins (documentation, "Protections"): CooldownPeriod, StoplossGuard, MaxDrawdown,
LowProfitPairs. A condition is tried when a trade closes or equity is marked, on what was known then. Where it holds,
the pause lasts so many hours from that moment; where it holds again, from the later one.
"""

import math
from dataclasses import dataclass, fields
from typing import NamedTuple

from okx_core.errors import OkxSignalError

PROTECTIONS = (
    "max_drawdown", "daily_loss", "daily_trades", "consecutive_losses", "stop_guard", "pair_stop_guard", "low_profit",
    "cooldown",
)  # fmt: skip
(
    MAX_DRAWDOWN, DAILY_LOSS, DAILY_TRADES, CONSECUTIVE_LOSSES, STOP_GUARD, PAIR_STOP_GUARD, LOW_PROFIT, COOLDOWN
) = range(len(PROTECTIONS))  # fmt: skip
PERCENT = ("max_drawdown_pct", "daily_loss_pct")
SIGNED = ("min_pair_profit_pct",)
OPTIONAL = (
    "cooldown_hours", "stop_guard_stops", "stop_guard_pair_stops", "max_drawdown_pct", "min_pair_profit_pct",
    "daily_loss_pct", "daily_trades", "consecutive_losses",
)  # fmt: skip


class ProtectionsError(OkxSignalError):
    """Protections that cannot be meant."""


@dataclass(frozen=True)
class Protections:
    """When nothing is bought; None is no such protection. Returns are after costs. Raises ProtectionsError.

    What is unknown refuses nothing: without equity no drawdown and no daily loss is known, and hours of unknown equity
    are left out (order sizing refuses every buy while equity is unknown). A trade of unknown result is no loss, no
    profit and no end of a row of losses; only a stop of unknown result counts as a stop.
    """

    cooldown_hours: int | None = None
    """After an exit its pair is not bought for so long."""
    stop_guard_stops: int | None = None
    """So many losing stops of all pairs within `stop_guard_hours` pause every entry."""
    stop_guard_pair_stops: int | None = None
    """So many losing stops of one pair within `stop_guard_hours` pause that pair."""
    stop_guard_hours: int = 24
    stop_guard_pause_hours: int = 12
    max_drawdown_pct: float | None = None
    """Equity so far below its highest of the last `drawdown_hours` pauses every entry."""
    drawdown_hours: int = 168
    drawdown_pause_hours: int = 24
    min_pair_profit_pct: float | None = None
    """A pair whose trades of the last `pair_profit_hours` returned less in sum is paused; may be below 0."""
    pair_profit_trades: int = 2
    """Trades of a pair from which on its profit is tried."""
    pair_profit_hours: int = 168
    pair_profit_pause_hours: int = 72
    daily_loss_pct: float | None = None
    """Loss since the UTC day's first equity that pauses every entry until the day is over."""
    daily_trades: int | None = None
    """Entries in a UTC day."""
    consecutive_losses: int | None = None
    """So many losing trades in a row, of all pairs, pause every entry."""
    losses_pause_hours: int = 12

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name in OPTIONAL:
                continue
            if field.name in SIGNED:
                if not math.isfinite(value):
                    raise ProtectionsError(
                        f"{field.name} is {value}: give a number, or none for no such protection"
                    )
            elif field.name in PERCENT:
                if not 0.0 < value < 100.0:
                    raise ProtectionsError(
                        f"{field.name} is {value} %: give more than 0 and less than 100, or none for no such protection"
                    )
            elif value is None or not 1 <= value < math.inf or value != int(value):
                absent = ", or none for no such protection" if field.name in OPTIONAL else ""
                raise ProtectionsError(f"{field.name} is {value}: give a whole number from 1 on{absent}")

    @property
    def is_on(self) -> bool:
        return any(getattr(self, name) is not None for name in OPTIONAL)

    @property
    def trade_hours(self) -> int:
        """How long a closed trade is looked back at."""
        guards = self.stop_guard_stops is not None or self.stop_guard_pair_stops is not None
        return max(
            self.stop_guard_hours if guards else 0,
            self.pair_profit_hours if self.min_pair_profit_pct is not None else 0,
        )

    @property
    def history_hours(self) -> int:
        """How far back trades and equity matter: what is looked back at, and the pause that may follow.

        Losses in a row are looked back at by number, however old they are.
        """
        return max(
            self.cooldown_hours or 0,
            self.stop_guard_hours + self.stop_guard_pause_hours,
            self.drawdown_hours + self.drawdown_pause_hours,
            self.pair_profit_hours + self.pair_profit_pause_hours,
            self.losses_pause_hours,
        )

    def terms(self) -> "ProtectionTerms":
        """The numbers that compiled code works with."""
        known = {name: getattr(self, name) for name in ProtectionTerms._fields if name != "is_on"}
        return ProtectionTerms(
            is_on=self.is_on,
            **{name: math.nan if value is None else float(value) for name, value in known.items()},
        )


class ProtectionTerms(NamedTuple):
    """Protections as plain numbers, NaN where there is none."""

    is_on: bool
    cooldown_hours: float
    stop_guard_stops: float
    stop_guard_pair_stops: float
    stop_guard_hours: float
    stop_guard_pause_hours: float
    max_drawdown_pct: float
    drawdown_hours: float
    drawdown_pause_hours: float
    min_pair_profit_pct: float
    pair_profit_trades: float
    pair_profit_hours: float
    pair_profit_pause_hours: float
    daily_loss_pct: float
    daily_trades: float
    consecutive_losses: float
    losses_pause_hours: float


def is_whole(name: str) -> bool:
    """Whether a field of Protections counts something: trades, stops or hours."""
    return name not in (*PERCENT, *SIGNED)


DEFAULT_PROTECTIONS = Protections(
    cooldown_hours=4, stop_guard_stops=4, stop_guard_pair_stops=2, max_drawdown_pct=20.0, min_pair_profit_pct=-10.0,
    daily_loss_pct=6.0, daily_trades=20, consecutive_losses=8,
)  # fmt: skip
"""What strategies have until they say otherwise. Drawdown and stops are those of the examples in freqtrade's
documentation; the rest is rare in an ordinary week of up to eight positions."""
