"""Account events for listeners: one event per change, in the order of the changes.

Events of a transaction are delivered after it is on disk and before the next one may begin; those of one that
is rolled back are never delivered. A listener runs inside the request that caused the change: it takes note and
returns, and must not change the account itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from okx_simulator.ledger.rows import AlgoRow, FillRow, OrderRow, PositionRow

PLACED, FILLED, AMENDED, CANCELED = "placed", "filled", "amended", "canceled"


@dataclass(frozen=True)
class OrderChanged:
    """An order after `cause`; `fill` is the one that caused it, `request_id` the amendment's."""

    order: OrderRow
    cause: str
    fill: FillRow | None = None
    request_id: str = ""


@dataclass(frozen=True)
class BalanceChanged:
    """Cash of one coin after one booking of the account."""

    currency: str
    cash: Decimal
    changed_ms: int


@dataclass(frozen=True)
class AlgoChanged:
    """An algo order now: placed, amended, triggered, cancelled or failed."""

    algo: AlgoRow


@dataclass(frozen=True)
class PositionChanged:
    """A position after a fill or a funding payment; its size is '0' once closed."""

    position: PositionRow


Event = OrderChanged | BalanceChanged | AlgoChanged | PositionChanged
Listener = Callable[[Event], None]


class EventHub:
    """Passes every event on to every listener, in the order of subscription."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` from now on; the function returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, events: list[Event]) -> None:
        for event in events:
            for listener in tuple(self._listeners):
                listener(event)
