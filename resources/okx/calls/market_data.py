"""Public REST calls: instruments, prices, books, candles, trades, funding."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd

from okx_core.market.instruments import Instrument
from resources.okx.calls.candle_history import CandleStretch, walk_back
from resources.okx.http.answers import Call
from resources.okx.http.rest import LIST_ROWS, Rest, asked, milliseconds
from resources.okx.rows.candle_pages import candle_frame, without_repeats
from resources.okx.rows.instruments import InstrumentRow
from resources.okx.rows.market import (
    FundingForecast,
    FundingRate,
    MarkPrice,
    OrderBook,
    PriceLimit,
    PublicTrade,
    SystemStatus,
    Ticker,
)

FUNDING_ROWS, TRADE_ROWS = 400, 500

log = logging.getLogger(__name__)


class MarketData(Rest):
    """Public calls; no key is needed."""

    def server_time(self) -> datetime:
        """Ask the exchange for its time, and keep the offset for `now`."""
        return datetime.fromtimestamp(self._transport.synchronise() / 1000, UTC)

    def now(self) -> datetime:
        """Exchange time by the offset measured last; measured first when there is none."""
        return datetime.fromtimestamp(self._transport.now_ms() / 1000, UTC)

    def instruments(self, inst_type: str = "SPOT") -> list[Instrument]:
        """All listed instruments; announced ones without steps are left out."""
        rows = [row.instrument for row in self.listings(inst_type)]
        return [instrument for instrument in rows if instrument is not None]

    def listings(self, inst_type: str = "SPOT") -> list[InstrumentRow]:
        """Everything OKX says of its instruments, announced ones too."""
        call = Call("GET", "/public/instruments", {"instType": inst_type})
        return self._readable(call, InstrumentRow)

    def tickers(self, inst_type: str = "SPOT") -> list[Ticker]:
        return self._readable(Call("GET", "/market/tickers", {"instType": inst_type}), Ticker)

    def ticker(self, inst_id: str) -> Ticker:
        return self._single(Call("GET", "/market/ticker", {"instId": inst_id}), Ticker)

    def order_book(self, inst_id: str, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side, at most 400."""
        call = Call("GET", "/market/books", {"instId": inst_id, "sz": str(depth)})
        return replace(self._single(call, OrderBook), inst_id=inst_id)

    def candles(self, inst_id: str, bar: str, start: datetime, end: datetime) -> pd.DataFrame:
        """Confirmed bars with start <= open < end, oldest first, each exactly once.

        Columns: pair, timestamp_utc, open, high, low, close, volume (base), quote_volume. Bars the
        exchange has not got are not there: gaps stay gaps. So are rows that cannot be read, which the log names,
        and rows of one time that contradict each other. `bar` is 15m, 1H, 4H or 1Dutc.
        """
        pages = [part.page for part in self.candle_stretches(inst_id, bar, start, end)]
        for row in (row for page in pages for row in page.unreadable):
            log.warning("left out: a candle of %s %s", inst_id, row.reason)
        return without_repeats(candle_frame(inst_id, pages))

    def candle_stretches(
        self, inst_id: str, bar: str, start: datetime, end: datetime
    ) -> Iterator[CandleStretch]:
        """The pages of `candles` as they arrive, newest first, so that a long fetch may be stored as it goes."""
        now_ms = self._transport.now_ms()
        yield from walk_back(
            self._transport.read, inst_id, bar, milliseconds(start), milliseconds(end), now_ms
        )

    def last_trade_before(self, inst_id: str, moment: datetime) -> datetime | None:
        """When the newest public trade before `moment` was made; None where the exchange shows none.

        It keeps three months of public trades.
        """
        wanted = asked(instId=inst_id, type="2", after=moment, limit=1)
        rows = self._rows(Call("GET", "/market/history-trades", wanted), PublicTrade)
        return rows[0].traded_at if rows else None

    def trades(self, inst_id: str, count: int = TRADE_ROWS) -> list[PublicTrade]:
        """The newest public trades, newest first, at most 500."""
        call = Call("GET", "/market/trades", {"instId": inst_id, "limit": str(count)})
        return self._rows(call, PublicTrade)

    def history_trades(self, inst_id: str, start: datetime, end: datetime) -> list[PublicTrade]:
        """Public trades with start <= time < end, newest first; the exchange keeps three months.

        The first page is found by time and the next ones by trade, so that none of one millisecond is lost.
        """
        found: list[PublicTrade] = []
        wanted = asked(instId=inst_id, type="2", after=end, limit=LIST_ROWS)
        first_ms = milliseconds(start)
        while True:
            page = self._rows(Call("GET", "/market/history-trades", wanted), PublicTrade)
            found += [trade for trade in page if start <= trade.traded_at < end]
            if len(page) < LIST_ROWS or milliseconds(page[-1].traded_at) < first_ms:
                return found
            wanted = asked(instId=inst_id, type="1", after=page[-1].trade_id, limit=LIST_ROWS)

    def funding_forecast(self, inst_id: str) -> FundingForecast:
        """The rate of a swap that is due next, as it would be now."""
        return self._single(Call("GET", "/public/funding-rate", {"instId": inst_id}), FundingForecast)

    def funding_forecasts(self) -> list[FundingForecast]:
        """The same of every swap."""
        return self._rows(Call("GET", "/public/funding-rate", {"instId": "ANY"}), FundingForecast)

    def mark_prices(self, inst_type: str = "SWAP", inst_id: str | None = None) -> list[MarkPrice]:
        """Mark prices; the type of spot pairs is MARGIN here."""
        return self._rows(
            Call("GET", "/public/mark-price", asked(instType=inst_type, instId=inst_id)), MarkPrice
        )

    def price_limit(self, inst_id: str) -> PriceLimit:
        return self._single(Call("GET", "/public/price-limit", {"instId": inst_id}), PriceLimit)

    def system_status(self, state: str | None = None) -> list[SystemStatus]:
        """Planned and running breaks of service; none when the list is empty."""
        return self._rows(Call("GET", "/system/status", asked(state=state)), SystemStatus)

    def funding_rates(self, inst_id: str, start: datetime, end: datetime) -> list[FundingRate]:
        """Rates that were paid in [start, end), oldest first; the exchange keeps three months."""
        found: list[FundingRate] = []
        cursor = milliseconds(end)
        while True:
            wanted = asked(instId=inst_id, after=cursor, before=milliseconds(start) - 1, limit=FUNDING_ROWS)
            call = Call("GET", "/public/funding-rate-history", wanted)
            page = self._rows(call, FundingRate)
            found += page
            if len(page) < FUNDING_ROWS:
                return sorted(found, key=lambda rate: rate.paid_at)
            cursor = milliseconds(min(rate.paid_at for rate in page))
