"""The endpoints about a contract's background: index and mark candles, open interest, position tiers.

The index and the mark price are the tape's own path, as everywhere here (see protocol.swaps). Open interest is
modelled as the turnover of a day, position tiers are one tier for every size.
"""

from decimal import Decimal

from okx_simulator.account.position_math import MAINTENANCE_RATE
from okx_simulator.exchange import Exchange
from okx_simulator.protocol.amounts import plain
from okx_simulator.protocol.calls import Call, Payload
from okx_simulator.protocol.errors import empty_parameter, parameter_error
from okx_simulator.protocol.swaps import MAX_LEVERAGE, has_swap, pair_of, swap_of
from okx_simulator.responses.market_and_orders import HUGE
from okx_simulator.rest import public

CONTRACTS = Decimal("0.01")


def _without_volume(rows: list[list[str]]) -> list[list[str]]:
    return [[*row[:5], row[8]] for row in rows]


def mark_price_candles(exchange: Exchange, call: Call) -> list[list[str]]:
    return _without_volume(public.candles(exchange, call))


def history_mark_price_candles(exchange: Exchange, call: Call) -> list[list[str]]:
    return _without_volume(public.history_candles(exchange, call))


def index_candles(exchange: Exchange, call: Call) -> list[list[str]]:
    """Of an index such as BTC-USDT: it has the name of the pair."""
    return _without_volume(public.candles(exchange, call))


def history_index_candles(exchange: Exchange, call: Call) -> list[list[str]]:
    return _without_volume(public.history_candles(exchange, call))


def index_tickers(exchange: Exchange, call: Call) -> list[Payload]:
    """One index, or all that are quoted in a coin."""
    if "instId" in call.parameters:
        listed = [public.listed_instrument(exchange, call)]
    elif "quoteCcy" in call.parameters:
        listed = [
            pair for pair in exchange.market.listed() if pair.endswith(f"-{call.parameters['quoteCcy']}")
        ]
    else:
        raise empty_parameter("instId")
    names = {"last": "idxPx", "high24h": "high24h", "low24h": "low24h", "open24h": "open24h"}
    names |= {"sodUtc0": "sodUtc0", "sodUtc8": "sodUtc8", "ts": "ts"}
    rows = [public.ticker(exchange, Call({"instId": pair}))[0] for pair in listed]
    return [{"instId": row["instId"], **{shown: row[name] for name, shown in names.items()}} for row in rows]


def _swaps(exchange: Exchange, call: Call) -> list[str]:
    if "instType" not in call.parameters:
        raise empty_parameter("instType")
    if "instId" in call.parameters:
        return [public.listed_instrument(exchange, call)]
    underlyings = [call.parameters[name] for name in ("instFamily", "uly") if name in call.parameters]
    found = exchange.market.listed(swaps=True) if call.parameters["instType"] == "SWAP" else []
    return [inst_id for inst_id in found if not underlyings or pair_of(inst_id) in underlyings]


def open_interest(exchange: Exchange, call: Call) -> list[Payload]:
    """Contracts held, in contracts, base and USDT."""
    market = exchange.market
    rows: list[Payload] = []
    for inst_id in _swaps(exchange, call):
        quote, unit = market.quote(inst_id), market.contract_value(inst_id)
        contracts = (Decimal(repr(quote.volume_24h)) / unit).quantize(CONTRACTS)
        price = market.price(inst_id)
        rows.append(
            {
                "instType": "SWAP",
                "instId": inst_id,
                "oi": plain(contracts),
                "oiCcy": plain(contracts * unit),
                "oiUsd": plain((contracts * unit * price).quantize(CONTRACTS)),
                "ts": str(quote.now_ms),
            }
        )
    return rows


def position_tiers(exchange: Exchange, call: Call) -> list[Payload]:
    """The one tier of each swap."""
    kind, mode = call.parameters.get("instType", ""), call.parameters.get("tdMode", "")
    if not kind or not mode:
        raise empty_parameter("tdMode" if kind else "instType")
    if kind != "SWAP" or mode not in ("cross", "isolated"):
        raise parameter_error("instType" if kind != "SWAP" else "tdMode")
    named = call.parameters.get("instFamily", call.parameters.get("uly", ""))
    underlyings = [name for name in named.split(",") if name]
    if not underlyings:
        raise empty_parameter("instFamily")
    unused = dict.fromkeys(["baseMaxLoan", "ccy", "optMgnFactor", "quoteMaxLoan"], "")
    return [
        {
            **unused,
            "instId": swap_of(underlying),
            "instFamily": underlying,
            "uly": underlying,
            "tier": "1",
            "minSz": "0",
            "maxSz": HUGE,
            "maxLever": plain(MAX_LEVERAGE),
            "imr": plain(1 / MAX_LEVERAGE),
            "mmr": plain(MAINTENANCE_RATE),
        }
        for underlying in underlyings
        if has_swap(underlying) and exchange.market.is_listed(swap_of(underlying))
    ]
