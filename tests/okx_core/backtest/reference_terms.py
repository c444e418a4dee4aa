"""Rules of the second backtest, and a position as it keeps one."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass
class Held:
    """A position; `level` is its stop."""

    entry_hour: int
    price: Decimal
    spent: Decimal
    base: Decimal
    high: Decimal
    level: Decimal | None
    level_reason: str
    target: Decimal | None
    trail: Decimal | None
    cost: Decimal
    fee: Decimal
    spread: Decimal
    sold: Decimal = Decimal(0)
    sold_for: Decimal = Decimal(0)
    received: Decimal = Decimal(0)
    closing: str = ""
    filled: Decimal = Decimal(0)


@dataclass(frozen=True)
class Rules:
    """The numbers of rules, limits and exits; None is no such exit."""

    horizon: int
    max_positions: int
    min_order: Decimal
    planned_loss: Decimal
    fee_margin: Decimal
    asset: Decimal
    exposure: Decimal
    risk: Decimal
    max_order: Decimal
    stop_pct: Decimal | None = None
    stop_atr: Decimal | None = None
    target_ratio: Decimal | None = None
    break_even: Decimal | None = None
    trail_pct: Decimal | None = None
    trail_atr: Decimal | None = None
    trail_after: Decimal = Decimal(0)
    volume_share: Decimal | None = None
    max_correlation: Decimal | None = None
    correlation_hours: int = 168
