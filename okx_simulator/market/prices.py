"""Everything public about prices at the exchange's own time. Nothing later than the clock ever shows."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from okx_core.market.book_model import BookModel, book_model, ladder_prices, ladder_quotes, range_bps
from okx_core.market.instruments import Instrument
from okx_simulator.faults.script import Faults
from okx_simulator.market.public_trades import TRADE_MS, TRADES_PER_HOUR, PublicTrade, trades_of
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock, fixed
from okx_simulator.protocol.swaps import CONTRACT_LOT, contract_value, has_swap, is_swap, pair_of, swap_of
from okx_simulator.tape.bar_sizes import BarSize, gather
from okx_simulator.tape.bars import Bars, Tape, joined
from okx_simulator.tape.hour_path import forming_bar
from okx_simulator.tape.price_grid import year_start
from okx_simulator.tape.tape_paths import Stretch, TapePaths

DELISTED_AFTER_HOURS = 72
SWAP_CODES = 100_000

Level = tuple[Decimal, Decimal]


@dataclass(frozen=True)
class Quote:
    """The last 24 hours of a pair at `now_ms`; prices in quote, volumes in base and in quote."""

    now_ms: int
    last: float
    open_24h: float
    high_24h: float
    low_24h: float
    volume_24h: float
    turnover_24h: float
    day_open_utc0: float
    day_open_utc8: float


class PriceFeed:
    """Bars, quotes and books of a tape as of the exchange clock."""

    def __init__(
        self,
        tape: Tape,
        clock: ExchangeClock,
        faults: Faults | None = None,
        listings: dict[tuple[str, int], Instrument] | None = None,
        paths: TapePaths | None = None,
    ) -> None:
        self.tape = tape
        self.paths = paths or TapePaths(tape)
        self.clock = clock
        self._faults = faults or Faults(clock.now_ms)
        self._listings: dict[tuple[str, int], Instrument] = {} if listings is None else listings

    def at(self, moment_ms: int) -> "PriceFeed":
        """The same market with its clock fixed at another time."""
        clock = ExchangeClock(fixed(moment_ms))
        return PriceFeed(self.tape, clock, self._faults, self._listings, self.paths)

    def candles(
        self, pair: str, size: BarSize, after_ms: int, before_ms: int, limit: int, newest: int | None = None
    ) -> tuple[Bars, int]:
        """The newest `limit` bars with before < open < after, oldest first, and the open of the forming one.

        Both bounds are exclusive. `newest` keeps only that many of the latest bars there are.
        """
        now_ms = self.clock.now_ms()
        forming_hour = size.open_of(now_ms // HOUR_MS)
        end_hour = min(-(-after_ms // HOUR_MS), forming_hour + 1)
        start_hour = before_ms // HOUR_MS + 1
        if newest is not None:
            start_hour = max(start_hour, forming_hour - (newest - 1) * size.hours)
        last_hour = size.open_of(end_hour - 1) + size.hours
        bars = self._recent(pair, now_ms, last_hour, (limit + 1) * size.hours)
        rows = gather(bars, size).between(start_hour, end_hour)
        return rows[max(len(rows) - limit, 0) :], forming_hour

    def _recent(self, pair: str, now_ms: int, end_hour: int, rows: int) -> Bars:
        """The newest `rows` hourly bars that open before `end_hour`, the forming one so far."""
        hour = now_ms // HOUR_MS
        bars = self.tape.bars(pair_of(pair), min(end_hour, hour + 1))
        bars = bars[max(len(bars) - rows, 0) :]
        if len(bars) == 0 or int(bars.hours[-1]) != hour:
            return bars
        last = len(bars) - 1
        whole = bars[last:]
        return joined([bars[:last], forming_bar(whole, self.paths.of(pair_of(pair), whole), now_ms)])

    def mid(self, pair: str) -> float:
        """The price on the path at the exchange's now; the last close where no bar is forming."""
        now_ms = self.clock.now_ms()
        return float(self._recent(pair, now_ms, now_ms // HOUR_MS + 1, 1).close[-1])

    def quote(self, pair: str) -> Quote:
        now_ms = self.clock.now_ms()
        hour = now_ms // HOUR_MS
        recent = self._recent(pair, now_ms, hour + 1, 60)
        last = float(recent.close[-1])
        day = recent.between(hour - 23, hour + 1)

        def open_at(start: int) -> float:
            since = recent.between(start, hour + 1)
            return float(since.open[0]) if len(since) else last

        quiet = len(day) == 0
        return Quote(
            now_ms=now_ms,
            last=last,
            open_24h=last if quiet else float(day.open[0]),
            high_24h=last if quiet else float(day.high.max()),
            low_24h=last if quiet else float(day.low.min()),
            volume_24h=float(day.volume.sum()),
            turnover_24h=float(day.quote_volume.sum()),
            day_open_utc0=open_at(hour // 24 * 24),
            day_open_utc8=open_at((hour - 16) // 24 * 24 + 16),
        )

    def book(self, pair: str) -> BookModel:
        """The book model from the turnover of the last 24 closed hours and the range of this and the last one."""
        now_ms = self.clock.now_ms()
        hour = now_ms // HOUR_MS
        closed = self.tape.bars(pair_of(pair), hour).between(hour - 24, hour)
        turnover = float(closed.quote_volume.sum()) if len(closed) else math.nan
        latest = self._recent(pair, now_ms, hour + 1, 2).between(hour - 1, hour + 1)
        return book_model(turnover, float(range_bps(latest.high, latest.low).max(initial=-1.0)))

    def levels(self, pair: str, side: str, count: int) -> list[Level]:
        """Price and size of the first `count` levels of one side, best first, on tick and lot."""
        book, mid, grid = self.book(pair), self.mid(pair), self.listing(pair)
        unit = self.contract_value(pair)
        merged: dict[Decimal, Decimal] = {}
        for raw, quote in zip(ladder_prices(mid, book, side), ladder_quotes(book), strict=True):
            exact = Decimal(repr(float(raw)))
            price = grid.ceil_price(exact) if side == "ask" else grid.floor_price(exact)
            if price <= 0 or (len(merged) == count and price not in merged):
                break
            size = grid.floor_size(Decimal(repr(float(quote))) / exact / unit)
            merged[price] = merged.get(price, Decimal(0)) + max(size, grid.lot)
        return list(merged.items())

    def trades(self, pair: str, count: int) -> list[PublicTrade]:
        """The newest `count` public trades, newest first."""
        now_ms = self.clock.now_ms()
        bars = self.tape.bars(pair_of(pair), now_ms // HOUR_MS + 1)
        hours = count // TRADES_PER_HOUR + 2
        hourly = list(self.paths.each(pair_of(pair), bars[max(len(bars) - hours, 0) :]))
        return trades_of(hourly, self.listing(pair), now_ms, count, self.contract_value(pair))

    def trades_before(self, pair: str, trade_id: int, count: int) -> list[PublicTrade]:
        """The newest `count` public trades with ids below `trade_id`, newest first; none of the future."""
        last_ms = min(self.clock.now_ms(), trade_id * TRADE_MS - 1)
        if len(self.tape.bars(pair_of(pair), last_ms // HOUR_MS + 1)) == 0:
            return []
        return self.at(last_ms).trades(pair, count)

    def stretch(self, pair: str, from_ms: int, to_ms: int) -> Stretch:
        """The path of [from, to]: what may be later than the clock is for the caller to cut off."""
        return self.paths.stretch(pair_of(pair), from_ms, to_ms)

    def price(self, pair: str) -> Decimal:
        """Last, index and mark price of now: the point on the path."""
        return Decimal(repr(self.mid(pair)))

    def listed(self, swaps: bool = False) -> list[str]:
        """Pairs that trade now: the first bar has opened and the last one is recent."""
        hour = self.clock.now_ms() // HOUR_MS
        pairs = [pair for pair in self.tape.pairs if self._trades(pair, hour)]
        return [swap_of(pair) for pair in pairs if has_swap(pair)] if swaps else pairs

    def is_known(self, inst_id: str) -> bool:
        """On the tape, whether or not it trades now."""
        pair = pair_of(inst_id)
        return pair in self.tape.pairs and (pair == inst_id or has_swap(pair))

    def is_listed(self, pair: str) -> bool:
        return self.is_known(pair) and self._trades(pair, self.clock.now_ms() // HOUR_MS)

    def has_ended(self, inst_id: str) -> bool:
        """Traded once and trades no more: delisted by a fault script, or its bars ended long before the tape."""
        if not self.is_known(inst_id) or self.is_listed(inst_id):
            return False
        return len(self.tape.bars(pair_of(inst_id), self.clock.now_ms() // HOUR_MS + 1)) > 0

    def is_halted(self, inst_id: str) -> bool:
        """Whether a fault script holds its trading up at this moment: nothing is matched then."""
        return self._faults.is_suspended(inst_id) or self._faults.is_delisted(inst_id)

    def code(self, inst_id: str) -> int:
        """OKX's instIdCode: spot pairs count from 1, their swaps from 100,001."""
        position = self.tape.pairs.index(pair_of(inst_id)) + 1
        return position + SWAP_CODES if is_swap(inst_id) else position

    def contract_value(self, inst_id: str) -> Decimal:
        """Base per contract of a swap, one for spot; the same for all time."""
        if not is_swap(inst_id):
            return Decimal(1)
        first = self.tape.bars(pair_of(inst_id), self.clock.now_ms() // HOUR_MS + 1)[:1]
        return contract_value(inst_id, float(first.open[0]))

    def _trades(self, pair: str, hour: int) -> bool:
        if self._faults.is_delisted(pair) or len(self.tape.bars(pair_of(pair), hour + 1)) == 0:
            return False
        last, end = self.tape.last_hour(pair_of(pair)), self.tape.end_hour
        if last is None or end is None:
            return True
        return last + DELISTED_AFTER_HOURS >= min(hour, end - 1)

    def listing(self, pair: str) -> Instrument:
        """The instrument of this year; `pair` must be listed."""
        bars = self.tape.bars(pair_of(pair), self.clock.now_ms() // HOUR_MS + 1)
        newest = int(bars.hours[-1])
        key = (pair, year_start(newest))
        if key not in self._listings:
            grid = self.paths.grid(pair_of(pair), newest)
            base, quote = pair_of(pair).split("-")
            listed = datetime.fromtimestamp(int(bars.hours[0]) * 3600, UTC)
            lot, least = (CONTRACT_LOT, CONTRACT_LOT) if is_swap(pair) else (grid.lot, grid.min_size)
            self._listings[key] = Instrument(pair, base, quote, grid.tick, lot, least, listed, "live")
        listing = self._listings[key]
        return replace(listing, state="suspend") if self._faults.is_suspended(pair) else listing
