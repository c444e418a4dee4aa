"""Which channels there are, on which path, and the feed behind each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.calls import Call
from okx_simulator.protocol.swaps import is_swap
from okx_simulator.rest import public, swaps
from okx_simulator.tape.bar_sizes import BAR_SIZES
from okx_simulator.tape.minute_bars import MINUTE_SIZES
from okx_simulator.websocket.account_feeds import AccountFeed, OrderFeed
from okx_simulator.websocket.candle_feed import CandleFeed
from okx_simulator.websocket.feeds import ChangedRows, ChangingRows, Feed, SilentFeed
from okx_simulator.websocket.frames import Arg, FrameError, text_arg, unknown_channel
from okx_simulator.websocket.market_feeds import BookFeed, TradeFeed
from okx_simulator.websocket.minute_candle_feed import MinuteCandleFeed
from okx_simulator.websocket.position_feeds import AlgoFeed, BalanceAndPositionFeed, PositionFeed

PUBLIC, BUSINESS, PRIVATE = "public", "business", "private"
PATHS = (PUBLIC, BUSINESS, PRIVATE)
VIP_CHANNELS = ("books-l2-tbt", "books50-l2-tbt", "fills")
INSTRUMENT_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION", "ANY")


@dataclass(frozen=True)
class Channel:
    """A channel: its path, the field that names its subject, and how its feed is opened."""

    path: str
    key: str
    open: Callable[[Exchange, Arg], Feed]
    private: bool = False


def _rows(
    endpoint: Callable[[Exchange, Call], list[Any]], seconds: float, **fixed: str
) -> Callable[..., Feed]:
    """A feed of what a REST endpoint answers for the subscription's fields."""

    def build(exchange: Exchange, arg: Arg) -> Feed:
        call = Call({**{name: value for name, value in arg.items() if name != "channel"}, **fixed})
        return ChangingRows(lambda: endpoint(exchange, call), seconds)

    return build


def _instruments(exchange: Exchange, arg: Arg) -> Feed:
    call = Call({"instType": arg["instType"]})
    return ChangedRows(lambda: public.instruments(exchange, call), 1.0)


def _trades(merged: bool) -> Callable[[Exchange, Arg], Feed]:
    return lambda exchange, arg: TradeFeed(exchange, arg["instId"], merged)


def _candles(bar: str) -> Callable[[Exchange, Arg], Feed]:
    return lambda exchange, arg: CandleFeed(exchange, arg["instId"], BAR_SIZES[bar])


def _minute_candles(bar: str) -> Callable[[Exchange, Arg], Feed]:
    return lambda exchange, arg: MinuteCandleFeed(exchange, arg["instId"], bar, MINUTE_SIZES[bar])


CHANNELS: dict[str, Channel] = {
    "tickers": Channel(PUBLIC, "instId", _rows(public.ticker, 0.1)),
    "trades": Channel(PUBLIC, "instId", _trades(merged=True)),
    "books": Channel(PUBLIC, "instId", lambda exchange, arg: BookFeed(exchange, arg["instId"])),
    "books5": Channel(PUBLIC, "instId", _rows(public.books, 0.1, sz="5")),
    "bbo-tbt": Channel(PUBLIC, "instId", _rows(public.books, 0.01, sz="1")),
    "funding-rate": Channel(PUBLIC, "instId", _rows(swaps.funding_rate, 30.0)),
    "mark-price": Channel(PUBLIC, "instId", _rows(swaps.mark_price, 0.2)),
    "price-limit": Channel(PUBLIC, "instId", _rows(swaps.price_limit, 0.2)),
    "instruments": Channel(PUBLIC, "instType", _instruments),
    "status": Channel(PUBLIC, "", lambda exchange, arg: SilentFeed()),  # noqa: ARG005
    "trades-all": Channel(BUSINESS, "instId", _trades(merged=False)),
    "orders": Channel(PRIVATE, "instType", OrderFeed, private=True),
    "account": Channel(PRIVATE, "", AccountFeed, private=True),
    "positions": Channel(PRIVATE, "instType", PositionFeed, private=True),
    "orders-algo": Channel(BUSINESS, "instType", AlgoFeed, private=True),
    "balance_and_position": Channel(
        PRIVATE,
        "",
        lambda exchange, arg: BalanceAndPositionFeed(exchange),  # noqa: ARG005
        private=True,
    ),
}
CHANNELS |= {f"candle{bar}": Channel(BUSINESS, "instId", _candles(bar)) for bar in BAR_SIZES}
CHANNELS |= {f"candle{bar}": Channel(BUSINESS, "instId", _minute_candles(bar)) for bar in MINUTE_SIZES}


def channel_of(arg: Mapping[str, Any], path: str) -> Channel:
    """The channel an arg names, if it belongs to `path`; otherwise OKX's error."""
    name = str(arg.get("channel", ""))
    if name in VIP_CHANNELS:
        raise FrameError("64003")
    channel = CHANNELS.get(name)
    if channel is None:
        raise unknown_channel(arg)
    if channel.path != path:
        if BUSINESS in (channel.path, path):
            raise FrameError("64001" if channel.path == BUSINESS else "64002")
        raise unknown_channel(arg)
    return channel


def open_feed(exchange: Exchange, arg: Mapping[str, Any], path: str, logged_in: bool) -> Feed:
    """A feed for a subscription; OKX's error when it is not allowed or about nothing that exists."""
    channel = channel_of(arg, path)
    if exchange.relay is not None and not channel.private:
        raise FrameError(
            "60018", f"A relay pushes no public data; subscribe at {exchange.relay.base_url}'s own."
        )
    if channel.private and not logged_in:
        raise FrameError("60011")
    named = text_arg(arg)
    if channel.key and channel.key not in named:
        raise FrameError("60013")
    if channel.key == "instId" and not exchange.market.is_listed(named["instId"]):
        raise unknown_channel(arg)
    if channel.key == "instType" and named["instType"] not in INSTRUMENT_TYPES:
        raise unknown_channel(arg)
    if named["channel"] == "funding-rate" and not is_swap(named["instId"]):
        raise unknown_channel(arg)
    return channel.open(exchange, named)
