"""The candle channels: a forming bar at most once a second, and every bar that closes, once, in order.

However far the exchange's clock jumps, no closing bar is left out.
"""

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.calls import Payload
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.protocol.swaps import is_swap
from okx_simulator.responses.market_and_orders import candle_rows, in_contracts
from okx_simulator.rest.candle_faults import count_asks, is_missing, late_until_ms, revised
from okx_simulator.rest.public import FAR_FUTURE_MS
from okx_simulator.tape.bar_sizes import BarSize
from okx_simulator.tape.bars import Bars
from okx_simulator.websocket.feeds import Tick

FORMING_SECONDS = 1.0


class CandleFeed:
    """Bars of one pair and size from the one that is forming when it is subscribed."""

    def __init__(self, exchange: Exchange, pair: str, size: BarSize) -> None:
        self._exchange = exchange
        self._pair = pair
        self._size = size
        self._next_open = size.open_of(exchange.clock.now_ms() // HOUR_MS)
        self._late: list[tuple[int, Bars]] = []
        self._forming: list[str] = []
        self._forming_at: float | None = None

    def due(self, tick: Tick) -> list[Payload]:
        return [*self._closed(tick.now_ms), *self._forming_push(tick)]

    def _bars(self, before_open: int, count: int) -> tuple[Bars, int]:
        before_ms = before_open * HOUR_MS - 1
        return self._exchange.market.candles(self._pair, self._size, FAR_FUTURE_MS, before_ms, count)

    def _closed(self, now_ms: int) -> list[Payload]:
        """The bars that closed since the last look, and late ones whose time has come."""
        forming_open = self._size.open_of(now_ms // HOUR_MS)
        faults, hours = self._exchange.faults, self._size.hours
        ready = [bar for until_ms, bar in self._late if until_ms <= now_ms]
        self._late = [(until_ms, bar) for until_ms, bar in self._late if until_ms > now_ms]
        if forming_open < self._next_open:  # the clock was set back
            self._next_open, self._late = forming_open, []
        if forming_open > self._next_open:
            bars, _ = self._bars(self._next_open, (forming_open - self._next_open) // hours + 1)
            closed = bars.between(self._next_open, forming_open)
            self._next_open = forming_open
            for row, opened in enumerate(closed.hours.tolist()):
                missing = is_missing(faults, self._pair, opened)
                count_asks(faults, self._pair, [opened])
                until_ms = late_until_ms(faults, self._pair, opened, hours)
                if missing:
                    continue
                if until_ms is None:
                    ready.append(closed[row : row + 1])
                else:
                    self._late.append((until_ms, closed[row : row + 1]))
        return [{"data": self._rows(revised(faults, self._pair, bar, hours), forming_open)} for bar in ready]

    def _rows(self, bars: Bars, forming_open: int) -> list[list[str]]:
        """Rows in the units of the instrument."""
        rows = candle_rows(bars, forming_open)
        return (
            in_contracts(rows, self._exchange.market.contract_value(self._pair))
            if is_swap(self._pair)
            else rows
        )

    def _forming_push(self, tick: Tick) -> list[Payload]:
        if self._forming_at is not None and tick.wall_seconds < self._forming_at + FORMING_SECONDS:
            return []
        self._forming_at = tick.wall_seconds
        bars, forming_open = self._bars(self._next_open, 1)
        rows = self._rows(bars, forming_open)
        if not rows or rows[0] == self._forming or int(rows[0][0]) != forming_open * HOUR_MS:
            return []
        self._forming = rows[0]
        return [{"data": rows}]
