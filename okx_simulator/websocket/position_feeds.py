"""Private channels of what is held: positions, algo orders, and cash with positions after every fill."""

from decimal import Decimal

from okx_simulator.exchange import Exchange
from okx_simulator.ledger.events import FILLED, AlgoChanged, BalanceChanged, OrderChanged, PositionChanged
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.responses.algo_orders import algo_row
from okx_simulator.rest.swaps import positions
from okx_simulator.websocket.account_feeds import PERIOD_SECONDS, means
from okx_simulator.websocket.feeds import Tick
from okx_simulator.websocket.frames import Arg

POSITION_FIELDS = (
    "posId",
    "tradeId",
    "instId",
    "instType",
    "mgnMode",
    "posSide",
    "pos",
    "ccy",
    "avgPx",
    "uTime",
)


def position_rows(exchange: Exchange, inst_ids: set[str]) -> list[Payload]:
    """These positions now, closed ones with size 0."""
    return positions(exchange, Call({"instId": ",".join(sorted(inst_ids))})) if inst_ids else []


class PositionFeed:
    """All open positions first and every few seconds; one that changes as soon as it does."""

    def __init__(self, exchange: Exchange, arg: Arg) -> None:
        self._exchange = exchange
        self._arg = arg
        self._events_only = '"0"' in arg.get("extraParams", "")
        self._told_at: float | None = None

    def due(self, tick: Tick) -> list[Payload]:
        first = self._told_at is None
        if first or (not self._events_only and tick.wall_seconds >= (self._told_at or 0.0) + PERIOD_SECONDS):
            self._told_at = tick.wall_seconds
            rows = [row for row in positions(self._exchange, Call({})) if self._means(str(row["instId"]))]
            return [{"eventType": "snapshot", "curPage": 1, "lastPage": True, "data": rows}]
        changed = {
            event.position.inst_id
            for event in tick.events
            if isinstance(event, PositionChanged) and self._means(event.position.inst_id)
        }
        rows = position_rows(self._exchange, changed)
        return [{"eventType": "event_update", "data": rows}] if rows else []

    def _means(self, inst_id: str) -> bool:
        return means(self._arg, inst_id)


class AlgoFeed:
    """Every change of an algo order from now on."""

    def __init__(self, exchange: Exchange, arg: Arg) -> None:
        self._exchange = exchange
        self._arg = arg

    def due(self, tick: Tick) -> list[Payload]:
        return [
            {"data": [algo_row(event.algo, plain(self._exchange.market.price(event.algo.inst_id)))]}
            for event in tick.events
            if isinstance(event, AlgoChanged) and means(self._arg, event.algo.inst_id)
        ]


class BalanceAndPositionFeed:
    """Cash by coin and positions: all of it first, then what a fill or a payment changed, with its trades."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._begun = False

    def due(self, tick: Tick) -> list[Payload]:
        if not self._begun:
            self._begun = True
            return [self._snapshot(tick)]
        coins = [
            _cash_row(event.currency, event.cash, event.changed_ms)
            for event in tick.events
            if isinstance(event, BalanceChanged)
        ]
        changed = {event.position.inst_id for event in tick.events if isinstance(event, PositionChanged)}
        if not coins and not changed:
            return []
        trades: list[Payload] = [
            {"instId": event.fill.inst_id, "tradeId": str(event.fill.trade_id)}
            for event in tick.events
            if isinstance(event, OrderChanged) and event.cause == FILLED and event.fill
        ]
        rows = position_rows(self._exchange, changed)
        return [_frame("filled" if trades else "funding_fee", tick, coins, rows, trades)]

    def _snapshot(self, tick: Tick) -> Payload:
        coins = [
            _cash_row(currency, cash, changed_ms)
            for currency, (cash, changed_ms) in self._exchange.ledger.balances().items()
            if cash
        ]
        return _frame("snapshot", tick, coins, positions(self._exchange, Call({})), [])


def _frame(
    kind: str, tick: Tick, coins: list[Payload], held: list[Payload], trades: list[Payload]
) -> Payload:
    rows = [{name: row[name] for name in POSITION_FIELDS} for row in held]
    body = {"pTime": str(tick.now_ms), "eventType": kind, "balData": coins, "posData": rows, "trades": trades}
    return {"data": [body]}


def _cash_row(currency: str, cash: Decimal, changed_ms: int) -> Payload:
    return {"ccy": currency, "cashBal": plain(cash), "uTime": str(changed_ms)}
