"""The endpoints anyone may call: time, status, instruments, candles, tickers, books, trades."""

from okx_simulator.exchange import Exchange
from okx_simulator.market.public_trades import TRADE_MS
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.protocol.errors import empty_parameter, parameter_error, unknown_instrument
from okx_simulator.protocol.swaps import is_swap, pair_of
from okx_simulator.responses.market_and_orders import (
    book_row,
    candle_rows,
    in_contracts,
    instrument_row,
    minute_candle_rows,
    ticker_row,
    trade_row,
)
from okx_simulator.rest.candle_faults import SPARE_ROWS, alters_candles, faulty_rows
from okx_simulator.rest.paging import INSTRUMENT_TYPES, row_limit, whole_number
from okx_simulator.tape.bar_sizes import BAR_SIZES, BarSize
from okx_simulator.tape.minute_bars import MINUTE_MS, MINUTE_SIZES, minute_rows

CANDLE_ROWS = 300
CANDLE_WINDOW_BARS = 1_440
BOOK_LEVELS = 400
TRADE_ROWS = 500
HISTORY_TRADE_ROWS = 100
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
FAMILY_NAMES = ("instFamily", "uly")
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


def listed_instrument(exchange: Exchange, call: Call) -> str:
    pair = call.parameters.get("instId", "")
    if not pair:
        raise empty_parameter("instId")
    if not exchange.market.is_listed(pair):
        raise unknown_instrument()
    return pair


def _listed(exchange: Exchange, call: Call) -> list[str]:
    """Listed instruments of a type; there are no futures, options or margin pairs here."""
    kind = _instrument_type(call)
    if kind not in ("SPOT", "SWAP"):
        return []
    return exchange.market.listed(swaps=kind == "SWAP")


def instruments(exchange: Exchange, call: Call) -> list[Payload]:
    listed, market = _listed(exchange, call), exchange.market
    if "instId" in call.parameters and listed:
        listed = [listed_instrument(exchange, call)]
    return [
        instrument_row(market.listing(inst_id), market.code(inst_id), market.contract_value(inst_id))
        for inst_id in listed
        if all(call.parameters.get(name, pair_of(inst_id)) == pair_of(inst_id) for name in FAMILY_NAMES)
    ]


def _minute_candles(
    exchange: Exchange, call: Call, pair: str, minutes: int, newest: int | None
) -> list[list[str]]:
    """Rows of bars shorter than an hour, newest first. Candle faults strike hourly bars only."""
    market, now_ms = exchange.market, exchange.clock.now_ms()
    after, before = whole_number(call.parameters, "after"), whole_number(call.parameters, "before")
    length_ms, limit = minutes * MINUTE_MS, row_limit(call.parameters, CANDLE_ROWS)
    after_ms = min(FAR_FUTURE_MS if after is None else after, now_ms + 1)
    before_ms = -1 if before is None else before
    if newest is not None:
        before_ms = max(before_ms, (now_ms // length_ms - newest) * length_ms)
    hours = limit * minutes // 60 + 2
    hourly = market.tape.bars(pair_of(pair), -(-after_ms // HOUR_MS))
    with_paths = market.paths.each(pair_of(pair), hourly[max(len(hourly) - hours, 0) :])
    bars, forming_ms = minute_rows(with_paths, minutes, now_ms, after_ms, before_ms)
    return minute_candle_rows(bars, forming_ms)[:limit]


def _bar_size(call: Call) -> BarSize:
    name = call.parameters.get("bar", "1m")
    if name in BAR_SIZES:
        return BAR_SIZES[name]
    if name in OKX_BAR_NAMES:
        served = ", ".join([*MINUTE_SIZES, *BAR_SIZES])
        raise parameter_error("bar", f"{name} is not served by this exchange; use {served}")
    raise parameter_error("bar")


def _candles(exchange: Exchange, call: Call, newest: int | None) -> list[list[str]]:
    minutes = MINUTE_SIZES.get(call.parameters.get("bar", "1m"))
    size = _bar_size(call) if minutes is None else BarSize(1)
    pair = call.parameters.get("instId", "")
    if not pair:
        raise empty_parameter("instId")
    if not exchange.market.is_known(pair) or exchange.faults.is_delisted(pair):
        raise unknown_instrument()
    if minutes is not None:
        rows = _minute_candles(exchange, call, pair, minutes, newest)
        return in_contracts(rows, exchange.market.contract_value(pair)) if is_swap(pair) else rows
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
        rows = faulty_rows(exchange.faults, pair, bars, size.hours, forming_hour, limit)
    else:
        rows = candle_rows(bars, forming_hour)
    return in_contracts(rows, exchange.market.contract_value(pair)) if is_swap(pair) else rows


def candles(exchange: Exchange, call: Call) -> list[list[str]]:
    """The newest 1440 bars of a size, the forming one first."""
    return _candles(exchange, call, CANDLE_WINDOW_BARS)


def history_candles(exchange: Exchange, call: Call) -> list[list[str]]:
    """The same rows without the window; here too the newest one may be unconfirmed."""
    return _candles(exchange, call, None)


def _ticker(exchange: Exchange, pair: str) -> Payload:
    ask = exchange.market.levels(pair, "ask", 1)[0]
    bid = exchange.market.levels(pair, "bid", 1)[0]
    market = exchange.market
    return ticker_row(market.listing(pair), market.contract_value(pair), market.quote(pair), ask, bid)


def ticker(exchange: Exchange, call: Call) -> list[Payload]:
    return [_ticker(exchange, listed_instrument(exchange, call))]


def tickers(exchange: Exchange, call: Call) -> list[Payload]:
    return [_ticker(exchange, inst_id) for inst_id in _listed(exchange, call)]


def books(exchange: Exchange, call: Call) -> list[Payload]:
    pair = listed_instrument(exchange, call)
    depth = whole_number(call.parameters, "sz") or 1
    if depth > BOOK_LEVELS:
        raise parameter_error("sz")
    asks = exchange.market.levels(pair, "ask", depth)
    bids = exchange.market.levels(pair, "bid", depth)
    return [book_row(asks, bids, exchange.clock.now_ms())]


def trades(exchange: Exchange, call: Call) -> list[Payload]:
    pair = listed_instrument(exchange, call)
    limit = row_limit(call.parameters, TRADE_ROWS)
    return [trade_row(pair, trade) for trade in exchange.market.trades(pair, limit)]


def history_trades(exchange: Exchange, call: Call) -> list[Payload]:
    """Older trades by cursor: type 1 pages by trade id, type 2 by time; `after` is older, `before` newer."""
    inst_id = listed_instrument(exchange, call)
    limit = row_limit(call.parameters, HISTORY_TRADE_ROWS)
    kind = call.parameters.get("type", "1")
    after, before = whole_number(call.parameters, "after"), whole_number(call.parameters, "before")
    if kind not in ("1", "2"):
        raise parameter_error("type")
    if kind == "2" and before is not None:
        raise parameter_error("before", "not with type 2")
    market = exchange.market
    if after is None:
        found = market.trades(inst_id, limit)
    else:
        found = market.trades_before(inst_id, after if kind == "1" else -(-after // TRADE_MS), limit)
    return [trade_row(inst_id, trade) for trade in found if before is None or trade.trade_id > before]
