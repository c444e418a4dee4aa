"""The portfolio that one fold hands to the next."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Position:
    """`quantity` base units bought at the open of `entry_hour`; the last close seen is `mark_price`.

    Prices are None where there is no such level. What was sold of it so far is counted from `sold_base` on.
    """

    quantity: float
    entry_hour: datetime
    entry_price: float
    """Average price paid, spread and impact included, fee not."""
    entry_quote: float
    """Cash spent, fee included."""
    entry_cost_quote: float
    """The part of `entry_quote` that was fee, spread and impact."""
    mark_price: float
    stop_price: float | None = None
    stop_reason: int = 0
    target_price: float | None = None
    highest_price: float | None = None
    trail_pct: float | None = None
    sold_base: float = 0.0
    sold_quote: float = 0.0
    """Cash received, before the fee."""
    proceeds_quote: float = 0.0
    """Cash received, after the fee."""
    exit_cost_quote: float = 0.0
    fee_quote: float = 0.0
    """Fees of both sides so far, quote."""
    spread_quote: float = 0.0
    """Half spreads of both sides so far, quote."""
    closing_reason: int = -1
    """Why the rest of it is being sold, -1 while it is not."""
    filled_quote: float = 0.0
    """What it has traded in the bar that is open."""


@dataclass(frozen=True)
class ProtectionMemory:
    """What protections must know of the past. Times are hours since 1970."""

    closed: tuple[tuple[str, float, float | None, bool], ...] = ()
    """Pair, hour of the exit, return in percent and whether it was a losing stop, of trades looked back at."""
    paused_until: Mapping[str, float] = field(default_factory=dict)
    """By protection, while every entry is paused."""
    pair_paused_until: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By protection and pair, while entries of the pair are paused."""
    losses_in_a_row: int = 0
    day: int = -1
    """Days from 1970 to the UTC day of what follows; -1 while there was none."""
    day_entries: int = 0
    day_opening_quote: float | None = None
    """The first equity of the day."""
    peaks: tuple[tuple[float, float], ...] = ()
    """Hour and equity of each mark that no later one has reached, of the hours looked back at."""

    @property
    def pairs(self) -> set[str]:
        """Every pair that is named."""
        paused = (pair for by_pair in self.pair_paused_until.values() for pair in by_pair)
        return {pair for pair, *_ in self.closed} | set(paused)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "ProtectionMemory":
        """The memory of its fields as JSON knows them."""
        rows = {name: tuple(tuple(row) for row in stored[name]) for name in ("closed", "peaks")}
        return cls(**{**stored, **rows})


@dataclass(frozen=True)
class Portfolio:
    """Cash, one long position per pair, and what the protections know."""

    cash_quote: float
    positions: Mapping[str, Position]
    protections: ProtectionMemory = field(default_factory=ProtectionMemory)

    @property
    def equity_quote(self) -> float:
        """Cash plus positions at their last close."""
        held = sum(position.quantity * position.mark_price for position in self.positions.values())
        return self.cash_quote + held

    def to_json(self) -> dict[str, Any]:
        """Plain values; floats survive a round trip through JSON exactly."""
        positions = {
            pair: {**asdict(position), "entry_hour": position.entry_hour.isoformat()}
            for pair, position in self.positions.items()
        }
        protections = asdict(self.protections)
        return {"cash_quote": self.cash_quote, "positions": positions, "protections": protections}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any] | str) -> "Portfolio":
        """The portfolio that `to_json` wrote, as a mapping or as text; earlier versions wrote no protections."""
        values = json.loads(stored) if isinstance(stored, str) else stored
        positions = {
            pair: Position(**{**fields, "entry_hour": datetime.fromisoformat(fields["entry_hour"])})
            for pair, fields in values["positions"].items()
        }
        protections = ProtectionMemory.from_json(values.get("protections", asdict(ProtectionMemory())))
        return cls(values["cash_quote"], positions, protections)
