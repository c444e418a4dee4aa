"""The OKX client: what the rest of the platform asks an exchange for, in its own words."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd

from okx_core.instruments import Instrument
from resources.okx.candle_history import CandleStretch, walk_back
from resources.okx.candle_pages import candle_frame
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
    parse_trade_time,
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
        exchange has not got are not there: gaps stay gaps. `bar` is 15m, 1H, 4H or 1Dutc.
        """
        return candle_frame(inst_id, [part.page for part in self.candle_stretches(inst_id, bar, start, end)])

    def candle_stretches(
        self, inst_id: str, bar: str, start: datetime, end: datetime
    ) -> Iterator[CandleStretch]:
        """The pages of `candles` as they arrive, newest first, so that a long fetch may be stored as it goes."""
        now_ms = self._transport.now_ms()
        yield from walk_back(self._transport.read, inst_id, bar, _ms(start), _ms(end), now_ms)

    def last_trade_before(self, inst_id: str, moment: datetime) -> datetime | None:
        """When the newest public trade before `moment` was made; None where the exchange shows none.

        It keeps three months of public trades.
        """
        asked = {"instId": inst_id, "type": "2", "after": str(_ms(moment)), "limit": "1"}
        rows = self._rows(Call("GET", "/market/history-trades", asked), parse_trade_time)
        return rows[0] if rows else None

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
