"""The OKX client: what the rest of the platform asks an exchange for, in its own words."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd

from okx_core.instruments import Instrument
from resources.okx.candle_pages import BAR_MS, CandlePage, candle_frame, parse_candles
from resources.okx.errors import ORDER_NOT_FOUND_CODE, ParsingError, PermanentError
from resources.okx.parsing import (
    Parsed,
    Row,
    parse_account_config,
    parse_balance,
    parse_fill,
    parse_instrument,
    parse_order,
    parse_order_ack,
    parse_order_book,
    parse_rows,
    parse_ticker,
    parse_trade_fee,
)
from resources.okx.rate_limits import Pacer
from resources.okx.signing import Credentials
from resources.okx.transport import Call, Seams, Transport
from resources.okx.types import (
    AccountConfig,
    Balance,
    Fill,
    OrderAck,
    OrderBook,
    OrderRecord,
    Ticker,
    TradeFee,
)

CANDLE_ROWS = 300
# /market/candles holds the newest 1440 bars; a little less, since bars open while we page.
RECENT_BARS = 1_400
LIST_ROWS = 100


def _ms(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give UTC")
    return round(moment.timestamp() * 1000)


class OkxClient:
    """OKX over REST. May be shared by the threads of a pool; times are UTC-aware datetimes."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials | None = None,
        simulated_trading: bool = True,
        rate_limits: bool = True,
        timeout_seconds: float = 10.0,
        seams: Seams | None = None,
    ) -> None:
        seams = seams or Seams()
        self.base_url = base_url
        pacer = Pacer(rate_limits, sleep=seams.sleep)
        self._transport = Transport(base_url, credentials, simulated_trading, pacer, timeout_seconds, seams)

    def __repr__(self) -> str:
        return f"OkxClient({self.base_url!r})"

    def close(self) -> None:
        """Close all connections; the client may still be used and opens new ones then."""
        self._transport.close()

    def server_time(self) -> datetime:
        """Ask the exchange for its time, and keep the offset for `now`."""
        return datetime.fromtimestamp(self._transport.synchronise() / 1000, UTC)

    def now(self) -> datetime:
        """Exchange time by the offset measured last; measured first when there is none."""
        return datetime.fromtimestamp(self._transport.now_ms() / 1000, UTC)

    def instruments(self, inst_type: str = "SPOT") -> list[Instrument]:
        """All listed instruments; announced ones without steps are left out."""
        call = Call("GET", "/public/instruments", {"instType": inst_type}, pace_key=inst_type)
        rows = self._rows(call, parse_instrument)
        return [instrument for instrument in rows if instrument is not None]

    def tickers(self, inst_type: str = "SPOT") -> list[Ticker]:
        return self._rows(Call("GET", "/market/tickers", {"instType": inst_type}), parse_ticker)

    def order_book(self, inst_id: str, depth: int = 50) -> OrderBook:
        """The best `depth` levels of each side, at most 400."""
        call = Call("GET", "/market/books", {"instId": inst_id, "sz": str(depth)})
        return self._single(call, lambda row: parse_order_book(inst_id, row))

    def candles(self, inst_id: str, bar: str, start: datetime, end: datetime) -> pd.DataFrame:
        """Confirmed bars with start <= open < end, oldest first, each exactly once.

        Columns: pair, timestamp_utc, open, high, low, close, volume (base), quote_volume. Bars the
        exchange has not got are not there: gaps stay gaps. `bar` is 1H, 4H or 1Dutc.
        """
        length_ms, now_ms = BAR_MS[bar], self._transport.now_ms()
        start_ms = -(-_ms(start) // length_ms) * length_ms
        end_ms = min(_ms(end), now_ms + length_ms)
        recent_ms = (now_ms // length_ms - RECENT_BARS) * length_ms
        border = min(max(recent_ms, start_ms), max(end_ms, start_ms))
        pages = self._pages("/market/candles", inst_id, bar, border, end_ms)
        pages += self._pages("/market/history-candles", inst_id, bar, start_ms, border)
        return candle_frame(inst_id, pages)

    def _pages(self, path: str, inst_id: str, bar: str, start_ms: int, end_ms: int) -> list[CandlePage]:
        """Pages back from `end_ms` until `start_ms`; the next one starts at the oldest row received."""
        pages: list[CandlePage] = []
        cursor = end_ms
        while cursor > start_ms:
            parameters = {
                "instId": inst_id,
                "bar": bar,
                "after": str(cursor),
                "before": str(start_ms - 1),
                "limit": str(CANDLE_ROWS),
            }
            page = parse_candles(inst_id, bar, self._transport.read(Call("GET", path, parameters)))
            if not len(page.open_ms):
                break
            oldest = int(page.open_ms.min())
            if oldest < start_ms or int(page.open_ms.max()) >= cursor:
                raise ParsingError(
                    f"GET {path}", f"{inst_id}: rows outside the asked window {start_ms}..{cursor}"
                )
            pages.append(page)
            cursor = oldest
        return pages

    def balance(self) -> Balance:
        return self._single(Call("GET", "/account/balance", {}, signed=True), parse_balance)

    def account_config(self) -> AccountConfig:
        return self._single(Call("GET", "/account/config", {}, signed=True), parse_account_config)

    def trade_fee(self, inst_type: str = "SPOT") -> TradeFee:
        call = Call("GET", "/account/trade-fee", {"instType": inst_type}, signed=True)
        return self._single(call, parse_trade_fee)

    def place_market_order(
        self,
        inst_id: str,
        side: str,
        size: Decimal,
        client_order_id: str,
        expires_at: datetime | None = None,
    ) -> OrderAck:
        """Place a spot market order of `size` base units. It is sent once.

        OrderRejected: it does not stand. UnknownOutcomeError: ask `order` for its client id. The
        exchange drops it when it arrives after `expires_at` (exchange time).
        """
        order = {
            "instId": inst_id,
            "tdMode": "cash",
            "side": side,
            "ordType": "market",
            "sz": format(size, "f"),
            "tgtCcy": "base_ccy",
            "clOrdId": client_order_id,
        }
        call = Call(
            "POST",
            "/trade/order",
            order,
            signed=True,
            order=True,
            pace_key=inst_id,
            expires_ms=None if expires_at is None else _ms(expires_at),
        )
        return parse_order_ack(self._transport.place(call)[0])

    def order(self, inst_id: str, client_order_id: str) -> OrderRecord | None:
        """The newest order with this client id; None when the exchange knows none (51603)."""
        asked = {"instId": inst_id, "clOrdId": client_order_id}
        try:
            return self._single(
                Call("GET", "/trade/order", asked, signed=True, pace_key=inst_id), parse_order
            )
        except PermanentError as error:
            if error.code == ORDER_NOT_FOUND_CODE:
                return None
            raise

    def fills(self, inst_id: str | None = None, order_id: str | None = None) -> list[Fill]:
        """Fills of the last three days, newest first, of one instrument or one order if given."""
        filters = {"instType": "SPOT", "instId": inst_id, "ordId": order_id, "limit": str(LIST_ROWS)}
        asked = {name: value for name, value in filters.items() if value is not None}
        found: list[Fill] = []
        while True:
            page = self._rows(Call("GET", "/trade/fills", asked, signed=True), parse_fill)
            found += page
            if len(page) < LIST_ROWS:
                return found
            asked = {**asked, "after": page[-1].bill_id}

    def _rows(self, call: Call, parse: Callable[[Row], Parsed]) -> list[Parsed]:
        return parse_rows(self._transport.read(call), parse)

    def _single(self, call: Call, parse: Callable[[Row], Parsed]) -> Parsed:
        rows = self._rows(call, parse)
        if not rows:
            raise ParsingError(call.endpoint, "the answer has no rows, expected one")
        return rows[0]
