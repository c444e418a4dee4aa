"""The endpoints anyone may call: time, status, instruments, candles, tickers, books, trades."""

from okx_simulator.api_errors import empty_parameter, parameter_error, unknown_instrument
from okx_simulator.bars import BAR_SIZES, BarSize
from okx_simulator.calls import Call, Payload
from okx_simulator.candle_faults import SPARE_ROWS, alters_candles, faulty_rows
from okx_simulator.exchange import Exchange
from okx_simulator.listings import row_limit, whole_number
from okx_simulator.payloads import book_row, candle_rows, instrument_row, ticker_row, trade_row

CANDLE_ROWS = 300
CANDLE_WINDOW_BARS = 1_440
BOOK_LEVELS = 400
TRADE_ROWS = 500
INSTRUMENT_TYPES = ("SPOT", "SWAP", "FUTURES", "OPTION", "MARGIN")
OKX_BAR_NAMES = [
    "1s",
    "1m",
    "3m",
    "5m",
    "15m",
    "30m",
    "1H",
    "2H",
    "4H",
    "6H",
    "12H",
    "1D",
    "2D",
    "3D",
    "1W",
    "1M",
    "3M",
    "6Hutc",
    "12Hutc",
    "1Dutc",
    "2Dutc",
    "3Dutc",
    "1Wutc",
    "1Mutc",
    "3Mutc",
]
FAR_FUTURE_MS = 1 << 52


def server_time(exchange: Exchange, call: Call) -> list[Payload]:  # noqa: ARG001
    return [{"ts": str(exchange.clock.now_ms())}]


def system_status(exchange: Exchange, call: Call) -> list[Payload]:  # noqa: ARG001
    """No break is ever planned."""
    return []


def _instrument_type(call: Call) -> str:
    if "instType" not in call.parameters:
        raise empty_parameter("instType")
    if call.parameters["instType"] not in INSTRUMENT_TYPES:
        raise parameter_error("instType")
    return call.parameters["instType"]


def _listed_pair(exchange: Exchange, call: Call) -> str:
    pair = call.parameters.get("instId", "")
    if not pair:
        raise empty_parameter("instId")
    if not exchange.market.is_listed(pair):
        raise unknown_instrument()
    return pair


def instruments(exchange: Exchange, call: Call) -> list[Payload]:
    if _instrument_type(call) != "SPOT":
        return []
    listed = [_listed_pair(exchange, call)] if "instId" in call.parameters else exchange.market.listed()
    codes = {pair: code for code, pair in enumerate(exchange.tape.pairs, start=1)}
    return [instrument_row(exchange.market.listing(pair), codes[pair]) for pair in listed]


def _bar_size(call: Call) -> BarSize:
    name = call.parameters.get("bar", "1m")
    if name in BAR_SIZES:
        return BAR_SIZES[name]
    if name in OKX_BAR_NAMES:
        raise parameter_error("bar", f"{name} is not on this hourly tape; use {', '.join(BAR_SIZES)}")
    raise parameter_error("bar")


def _candles(exchange: Exchange, call: Call, newest: int | None) -> list[list[str]]:
    size = _bar_size(call)
    pair = call.parameters.get("instId", "")
    if not pair:
        raise empty_parameter("instId")
    if pair not in exchange.tape.pairs or exchange.faults.is_delisted(pair):
        raise unknown_instrument()
    limit, altered = row_limit(call.parameters, CANDLE_ROWS), alters_candles(exchange.faults)
    after, before = whole_number(call.parameters, "after"), whole_number(call.parameters, "before")
    bars, forming_hour = exchange.market.candles(
        pair,
        size,
        after_ms=FAR_FUTURE_MS if after is None else after,
        before_ms=-1 if before is None else before,
        limit=limit + SPARE_ROWS if altered else limit,
        newest=newest,
    )
    if altered:
        return faulty_rows(exchange.faults, pair, bars, size.hours, forming_hour, limit)
    return candle_rows(bars, forming_hour)


def candles(exchange: Exchange, call: Call) -> list[list[str]]:
    """The newest 1440 bars of a size, the forming one first."""
    return _candles(exchange, call, CANDLE_WINDOW_BARS)


def history_candles(exchange: Exchange, call: Call) -> list[list[str]]:
    """The same rows without the window; here too the newest one may be unconfirmed."""
    return _candles(exchange, call, None)


def _ticker(exchange: Exchange, pair: str) -> Payload:
    ask = exchange.market.levels(pair, "ask", 1)[0]
    bid = exchange.market.levels(pair, "bid", 1)[0]
    return ticker_row(pair, exchange.market.quote(pair), ask, bid)


def ticker(exchange: Exchange, call: Call) -> list[Payload]:
    return [_ticker(exchange, _listed_pair(exchange, call))]


def tickers(exchange: Exchange, call: Call) -> list[Payload]:
    if _instrument_type(call) != "SPOT":
        return []
    return [_ticker(exchange, pair) for pair in exchange.market.listed()]


def books(exchange: Exchange, call: Call) -> list[Payload]:
    pair = _listed_pair(exchange, call)
    depth = whole_number(call.parameters, "sz") or 1
    if depth > BOOK_LEVELS:
        raise parameter_error("sz")
    asks = exchange.market.levels(pair, "ask", depth)
    bids = exchange.market.levels(pair, "bid", depth)
    return [book_row(asks, bids, exchange.clock.now_ms())]


def trades(exchange: Exchange, call: Call) -> list[Payload]:
    pair = _listed_pair(exchange, call)
    limit = row_limit(call.parameters, TRADE_ROWS)
    return [trade_row(pair, trade) for trade in exchange.market.trades(pair, limit)]
