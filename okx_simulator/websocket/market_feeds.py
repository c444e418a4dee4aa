"""Trades and order books: trades one by one as they happen, books as a snapshot and chained changes."""

from decimal import Decimal

from okx_simulator.exchange import Exchange
from okx_simulator.market.prices import Level
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Payload
from okx_simulator.responses.market_and_orders import trade_row
from okx_simulator.websocket.feeds import Tick

MAX_TRADES = 500
BOOK_SECONDS = 0.1
BOOK_LEVELS = 400
IDLE_SECONDS = 60.0
SIDES = (("asks", "ask"), ("bids", "bid"))


class TradeFeed:
    """Public trades after the subscription; after a jump of the clock the newest `MAX_TRADES` of them."""

    def __init__(self, exchange: Exchange, pair: str, merged: bool) -> None:
        self._exchange = exchange
        self._pair = pair
        self._merged = merged
        self._last_id = self._newest_id()

    def _newest_id(self) -> int:
        newest = self._exchange.market.trades(self._pair, 1)
        return newest[0].trade_id if newest else -1

    def due(self, tick: Tick) -> list[Payload]:
        count = min(self._newest_id() - self._last_id, MAX_TRADES)
        if count <= 0:
            return []
        trades = self._exchange.market.trades(self._pair, count)[::-1]
        fresh = [trade for trade in trades if trade.trade_id > self._last_id]
        self._last_id = max([self._last_id, *(trade.trade_id for trade in fresh)])
        more = {"count": "1", "seqId": tick.now_ms} if self._merged else {}
        return [{"data": [{**trade_row(self._pair, trade), **more}]} for trade in fresh]


class BookFeed:
    """The `books` channel: 400 levels, then what changed; every frame names the one before it."""

    def __init__(self, exchange: Exchange, pair: str) -> None:
        self._exchange = exchange
        self._pair = pair
        self._told: dict[str, dict[Decimal, Decimal]] = {}
        self._told_at = 0.0
        self._seen_ms = -1
        self._sequence = -1

    def due(self, tick: Tick) -> list[Payload]:
        if self._told and tick.wall_seconds < self._told_at + BOOK_SECONDS:
            return []
        if tick.now_ms == self._seen_ms:
            return self._still_there(tick)
        self._seen_ms = tick.now_ms
        book = {name: dict(self._levels(side)) for name, side in SIDES}
        if not self._told:
            self._told = book
            levels = {name: list(side.items()) for name, side in book.items()}
            return [self._frame("snapshot", levels, tick)]
        changes = {name: _changes(self._told[name], side) for name, side in book.items()}
        self._told = book
        if not any(changes.values()):
            return self._still_there(tick)
        return [self._frame("update", changes, tick)]

    def _levels(self, side: str) -> list[Level]:
        return self._exchange.market.levels(self._pair, side, BOOK_LEVELS)

    def _still_there(self, tick: Tick) -> list[Payload]:
        """After a quiet minute an empty update with the same sequence number."""
        if tick.wall_seconds < self._told_at + IDLE_SECONDS:
            return []
        self._told_at = tick.wall_seconds
        row = {"asks": [], "bids": [], "ts": str(tick.now_ms), "checksum": 0}
        return [{"action": "update", "data": [{**row, "prevSeqId": self._sequence, "seqId": self._sequence}]}]

    def _frame(self, action: str, levels: dict[str, list[Level]], tick: Tick) -> Payload:
        """A frame with the sequence moved on. The checksum is always 0 since 2026-06-23."""
        before, self._sequence = self._sequence, max(self._sequence + 1, tick.now_ms)
        self._told_at = tick.wall_seconds
        row: Payload = {
            name: [[plain(price), plain(size), "0", "1" if size else "0"] for price, size in side]
            for name, side in levels.items()
        }
        row |= {"ts": str(tick.now_ms), "checksum": 0, "prevSeqId": before, "seqId": self._sequence}
        return {"action": action, "data": [row]}


def _changes(before: dict[Decimal, Decimal], after: dict[Decimal, Decimal]) -> list[Level]:
    """Levels of one side that are new or have another size; size zero for those that are gone."""
    changed = [(price, size) for price, size in after.items() if before.get(price) != size]
    return changed + [(price, Decimal(0)) for price in before if price not in after]
