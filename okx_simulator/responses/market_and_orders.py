"""Rows of the responses: every number a string, every absent value ''."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from okx_core.market.instruments import Instrument
from okx_simulator.ledger.rows import FillRow, OrderRow
from okx_simulator.market.prices import Level, Quote
from okx_simulator.market.public_trades import PublicTrade
from okx_simulator.orders.attachments import attached_payloads
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Payload
from okx_simulator.protocol.clock import HOUR_MS
from okx_simulator.protocol.swaps import MAX_LEVERAGE, SETTLED_IN, is_swap, pair_of
from okx_simulator.tape.bars import Bars
from okx_simulator.tape.minute_bars import MinuteBars

VOLUME = Decimal("1E-8")
HUGE = "999999999999"
EMPTY_INSTRUMENT_FIELDS = [
    "alias",
    "auctionEndTime",
    "contTdSwTime",
    "ctMult",
    "ctType",
    "ctVal",
    "ctValCcy",
    "expTime",
    "freq",
    "instFamily",
    "lever",
    "maxPlatOILmt",
    "method",
    "optType",
    "posLmtAmt",
    "posLmtPct",
    "preMktSwTime",
    "seriesId",
    "settleCcy",
    "stk",
    "uly",
]
EMPTY_ORDER_FIELDS = [
    "attachAlgoClOrdId",
    "cancelSourceReason",
    "ccy",
    "lever",
    "pxType",
    "pxUsd",
    "pxVol",
    "quickMgnType",
    "slOrdPx",
    "slTriggerPx",
    "slTriggerPxType",
    "stpId",
    "tpOrdPx",
    "tpTriggerPx",
    "tpTriggerPxType",
]


def number(value: float) -> str:
    """The shortest text that reads back as `value`, never in exponent form."""
    text = repr(float(value))
    if "e" in text:
        return np.format_float_positional(value, trim="-")
    return text.removesuffix(".0")


def candle_rows(bars: Bars, forming_hour: int) -> list[list[str]]:
    """Nine-field rows, newest first; the bar that opens at `forming_hour` is not confirmed."""
    texts = [[number(value) for value in column.tolist()] for column in bars.values()]
    opened, high, low, close, volume, turnover = texts
    stamps = (bars.hours * HOUR_MS).tolist()
    confirmed = ["0" if hour >= forming_hour else "1" for hour in bars.hours.tolist()]
    rows = zip(map(str, stamps), opened, high, low, close, volume, turnover, turnover, confirmed, strict=True)
    return [list(row) for row in rows][::-1]


def inst_type(inst_id: str) -> str:
    return "SWAP" if is_swap(inst_id) else "SPOT"


def in_contracts(rows: list[list[str]], unit: Decimal) -> list[list[str]]:
    """Candle rows of a swap from those of its pair: contracts, base and quote instead of base and quote."""
    return [[*row[:5], plain((Decimal(row[5]) / unit).quantize(VOLUME)), row[5], *row[7:]] for row in rows]


def minute_candle_rows(bars: MinuteBars, forming_ms: int) -> list[list[str]]:
    """Like `candle_rows`, for bars shorter than an hour."""
    texts = [[number(value) for value in column.tolist()] for column in bars.values]
    opened, high, low, close, volume, turnover = texts
    opens = bars.open_ms.tolist()
    confirmed = ["0" if open_ms >= forming_ms else "1" for open_ms in opens]
    rows = zip(map(str, opens), opened, high, low, close, volume, turnover, turnover, confirmed, strict=True)
    return [list(row) for row in rows][::-1]


def instrument_row(instrument: Instrument, code: int, unit: Decimal) -> Payload:
    row: Payload = dict.fromkeys(EMPTY_INSTRUMENT_FIELDS, "")
    listed = instrument.list_time
    row |= {
        "instType": "SPOT",
        "instId": instrument.inst_id,
        "instIdCode": code,
        "baseCcy": instrument.base,
        "quoteCcy": instrument.quote,
        "tickSz": plain(instrument.tick),
        "lotSz": plain(instrument.lot),
        "minSz": plain(instrument.min_size),
        "listTime": "" if listed is None else str(int(listed.timestamp() * 1000)),
        "state": instrument.state,
        "category": "1",
        "groupId": "1",
        "instCategory": "1",
        "openType": "",
        "ruleType": "normal",
        "futureSettlement": False,
        "maxLmtAmt": "20000000",
        "maxMktAmt": "1000000",
        "maxLmtSz": HUGE,
        "maxMktSz": "1000000",
        "maxTwapSz": HUGE,
        "maxIcebergSz": HUGE,
        "maxTriggerSz": HUGE,
        "maxStopSz": "1000000",
        "tradeQuoteCcyList": [instrument.quote],
        "upcChg": [],
    }
    return row | _contract_fields(instrument, unit) if is_swap(instrument.inst_id) else row


def _contract_fields(instrument: Instrument, unit: Decimal) -> Payload:
    """Fields that differ for a swap: coins by its family, sizes in contracts."""
    family = pair_of(instrument.inst_id)
    return {
        "instType": "SWAP",
        "baseCcy": "",
        "quoteCcy": "",
        "settleCcy": SETTLED_IN,
        "uly": family,
        "instFamily": family,
        "ctVal": plain(unit),
        "ctMult": "1",
        "ctValCcy": instrument.base,
        "ctType": "linear",
        "lever": plain(MAX_LEVERAGE),
        "maxMktSz": HUGE,
        "maxStopSz": HUGE,
        "maxLmtAmt": "20000000",
        "maxMktAmt": "",
        "tradeQuoteCcyList": [],
    }


def ticker_row(instrument: Instrument, unit: Decimal, quote: Quote, ask: Level, bid: Level) -> Payload:
    """Prices on the tick. A swap counts its volume in contracts and in base, spot in base and in quote."""
    base, turnover = quote.volume_24h, quote.turnover_24h
    swap = is_swap(instrument.inst_id)
    volume, second = (base / float(unit), base) if swap else (base, turnover)
    low, last, high = (Decimal(repr(price)) for price in (quote.low_24h, quote.last, quote.high_24h))
    return {
        "instType": inst_type(instrument.inst_id),
        "instId": instrument.inst_id,
        "last": plain(instrument.floor_price(last)),
        "lastSz": plain(ask[1]),
        "askPx": plain(ask[0]),
        "askSz": plain(ask[1]),
        "bidPx": plain(bid[0]),
        "bidSz": plain(bid[1]),
        "open24h": number(quote.open_24h),
        "high24h": plain(instrument.ceil_price(high)),
        "low24h": plain(instrument.floor_price(low)),
        "volCcy24h": number(round(second, 6)),
        "vol24h": number(round(volume, 6)),
        "sodUtc0": number(quote.day_open_utc0),
        "sodUtc8": number(quote.day_open_utc8),
        "ts": str(quote.now_ms),
    }


def book_row(asks: list[Level], bids: list[Level], now_ms: int) -> Payload:
    sides = {
        name: [[plain(price), plain(size), "0", "1"] for price, size in levels]
        for name, levels in (("asks", asks), ("bids", bids))
    }
    return {**sides, "ts": str(now_ms), "seqId": now_ms}


def trade_row(inst_id: str, trade: PublicTrade) -> Payload:
    return {
        "instId": inst_id,
        "tradeId": str(trade.trade_id),
        "px": plain(trade.price),
        "sz": plain(trade.size),
        "side": trade.side,
        "source": "0",
        "ts": str(trade.traded_ms),
    }


def order_row(order: OrderRow, last_fill: FillRow | None) -> Payload:
    """An order as GET /trade/order and the lists show it."""
    row: Payload = dict.fromkeys(EMPTY_ORDER_FIELDS, "")
    base, _, quote = pair_of(order.inst_id).partition("-")
    row |= {
        "instType": inst_type(order.inst_id),
        "instId": order.inst_id,
        "ordId": str(order.ord_id),
        "clOrdId": order.client_order_id,
        "tag": order.tag,
        "px": order.price,
        "sz": order.size,
        "tgtCcy": order.target_currency,
        "ordType": order.ord_type,
        "side": order.side,
        "posSide": "net",
        "tdMode": order.td_mode,
        "reduceOnly": order.reduce_only,
        "lever": order.leverage,
        "source": order.source,
        "algoId": str(order.algo_id or ""),
        "algoClOrdId": order.client_algo_id,
        "state": order.state,
        "accFillSz": order.filled_base,
        "avgPx": order.average_price,
        "fillPx": last_fill.price if last_fill else "",
        "fillSz": last_fill.size if last_fill else "0",
        "fillTime": str(last_fill.filled_ms) if last_fill else "",
        "tradeId": str(last_fill.trade_id) if last_fill else "",
        "fee": order.fee,
        "feeCcy": order.fee_currency,
        "rebate": "0",
        "rebateCcy": quote if order.side == "buy" or order.contract_value else base,
        "pnl": order.pnl,
        "category": order.category,
        "cancelSource": order.cancel_source,
        "attachAlgoOrds": attached_payloads(order),
        "linkedAlgoOrd": {"algoId": ""},
        "isTpLimit": "false",
        "stpMode": "cancel_maker",
        "tradeQuoteCcy": quote,
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }
    return row


def acknowledgement(names: Mapping[str, str], now_ms: int, code: str, why: str) -> Payload:
    """The row that answers a trade request; `names` are the order's ids, code "0" is accepted."""
    return {**names, "ts": str(now_ms), "sCode": code, "sMsg": why, "subCode": ""}


def fill_row(fill: FillRow) -> Payload:
    return {
        "instType": inst_type(fill.inst_id),
        "instId": fill.inst_id,
        "tradeId": str(fill.trade_id),
        "ordId": str(fill.ord_id),
        "clOrdId": fill.client_order_id,
        "billId": str(fill.bill_id),
        "subType": "1" if fill.side == "buy" else "2",
        "tag": fill.tag,
        "fillPx": fill.price,
        "fillSz": fill.size,
        "side": fill.side,
        "posSide": "net",
        "execType": fill.liquidity,
        "fee": fill.fee,
        "feeCcy": fill.fee_currency,
        "feeRate": fill.fee_rate,
        "fillPnl": fill.pnl,
        "fillTime": str(fill.filled_ms),
        "ts": str(fill.filled_ms),
        "fillIdxPx": "",
        "fillMarkPx": "",
        "fillMarkVol": "",
        "fillPxVol": "",
        "fillPxUsd": "",
        "fillFwdPx": "",
    }
