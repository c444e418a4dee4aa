"""The candle channels of bars shorter than an hour: forming at most once a second, every closing bar once."""

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.rest import public
from okx_simulator.tape.minute_bars import MINUTE_MS
from okx_simulator.websocket.feeds import Tick

FORMING_SECONDS = 1.0


class MinuteCandleFeed:
    """Bars of one pair from the one that is forming when it is subscribed; candle faults do not strike them."""

    def __init__(self, exchange: Exchange, pair: str, bar: str, minutes: int) -> None:
        self._exchange, self._asked = exchange, {"instId": pair, "bar": bar}
        self._length_ms = minutes * MINUTE_MS
        self._next_open = self._forming_open(exchange.clock.now_ms())
        self._forming: list[str] = []
        self._forming_at: float | None = None

    def _forming_open(self, now_ms: int) -> int:
        return now_ms // self._length_ms * self._length_ms

    def due(self, tick: Tick) -> list[Payload]:
        return [{"data": [row]} for row in [*self._closed(tick.now_ms), *self._forming_row(tick)]]

    def _closed(self, now_ms: int) -> list[list[str]]:
        """The bars that closed since the last look, oldest first, however many they are."""
        forming_open = self._forming_open(now_ms)
        if forming_open <= self._next_open:
            self._next_open = forming_open  # the clock may have been set back
            return []
        found: list[list[str]] = []
        cursor = forming_open
        while cursor > self._next_open:
            window = {"after": str(cursor), "before": str(self._next_open - 1), "limit": "300"}
            page = public.history_candles(self._exchange, Call(self._asked | window))
            if not page:
                break
            found += page
            cursor = int(page[-1][0])
        self._next_open = forming_open
        return found[::-1]

    def _forming_row(self, tick: Tick) -> list[list[str]]:
        if self._forming_at is not None and tick.wall_seconds < self._forming_at + FORMING_SECONDS:
            return []
        self._forming_at = tick.wall_seconds
        rows = public.candles(self._exchange, Call(self._asked | {"limit": "1"}))
        if not rows or rows[0] == self._forming or rows[0][8] == "1":
            return []
        self._forming = rows[0]
        return rows
