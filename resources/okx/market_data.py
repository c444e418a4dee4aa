"""Public REST calls: instruments, prices, books, candles, trades, funding."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd

from okx_core.instruments import Instrument
from resources.okx.candle_history import CandleStretch, walk_back
from resources.okx.candle_pages import candle_frame
from resources.okx.instrument_rows import InstrumentRow
from resources.okx.market_rows import FundingRate, OrderBook, PublicTrade, Ticker
from resources.okx.rest import Rest, milliseconds
from resources.okx.transport import Call

FUNDING_ROWS, TRADE_ROWS = 400, 500


class MarketData(Rest):
    """What anyone may ask; no key is needed."""

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
        call = Call("GET", "/public/instruments", {"instType": inst_type}, pace_key=inst_type)
        return self._rows(call, InstrumentRow)

    def tickers(self, inst_type: str = "SPOT") -> list[Ticker]:
        return self._rows(Call("GET", "/market/tickers", {"instType": inst_type}), Ticker)

    def order_book(self, inst_id: str, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side, at most 400."""
        call = Call("GET", "/market/books", {"instId": inst_id, "sz": str(depth)})
        return replace(self._single(call, OrderBook), inst_id=inst_id)

    def candles(self, inst_id: str, bar: str, start: datetime, end: datetime) -> pd.DataFrame:
        """Confirmed bars with start <= open < end, oldest first, each exactly once.

        Columns: pair, timestamp_utc, open, high, low, close, volume (base), quote_volume. Bars the
        exchange has not got are not there: gaps stay gaps. `bar` is 15m, 1H, 4H or 1Dutc.
        """
        return candle_frame(inst_id, [part.page for part in self.candle_stretches(inst_id, bar, start, end)])

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
        asked = {"instId": inst_id, "type": "2", "after": str(milliseconds(moment)), "limit": "1"}
        rows = self._rows(Call("GET", "/market/history-trades", asked), PublicTrade)
        return rows[0].traded_at if rows else None

    def trades(self, inst_id: str, count: int = TRADE_ROWS) -> list[PublicTrade]:
        """The newest public trades, newest first, at most 500."""
        call = Call("GET", "/market/trades", {"instId": inst_id, "limit": str(count)})
        return self._rows(call, PublicTrade)

    def funding_rates(self, inst_id: str, start: datetime, end: datetime) -> list[FundingRate]:
        """Rates that were paid in [start, end), oldest first; the exchange keeps three months."""
        found: list[FundingRate] = []
        cursor = milliseconds(end)
        while True:
            asked = {
                "instId": inst_id,
                "after": str(cursor),
                "before": str(milliseconds(start) - 1),
                "limit": str(FUNDING_ROWS),
            }
            call = Call("GET", "/public/funding-rate-history", asked, pace_key=inst_id)
            page = self._rows(call, FundingRate)
            found += page
            if len(page) < FUNDING_ROWS:
                return sorted(found, key=lambda rate: rate.paid_at)
            cursor = milliseconds(min(rate.paid_at for rate in page))
