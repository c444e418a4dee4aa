"""Frames to and from OKX; the pushes of tickers and trades are captures, the others have their shape."""

import base64
import hashlib
import hmac
import json
from decimal import Decimal

import pytest

from resources.okx.errors import ParsingError
from resources.okx.http.signing import Credentials
from resources.okx.websocket.messages import (
    Acknowledged,
    LoggedIn,
    Notice,
    Push,
    Refused,
    Remark,
    Subscription,
    login_request,
    parse_message,
    requests,
)
from resources.okx.websocket.pushes import (
    BookSequences,
    parse_account_push,
    parse_book_push,
    parse_candle_push,
    parse_order_push,
    parse_ticker_push,
    parse_trade_push,
)

TICKER = (
    '{"arg":{"channel":"tickers","instId":"UNI-USD-SWAP"},"data":[{"instType":"SWAP","instId":"UNI-USD-SWAP",'
    '"last":"5.123","lastSz":"100","askPx":"5.142","askSz":"25","bidPx":"5.134","bidSz":"96","open24h":"4.799",'
    '"high24h":"5.458","low24h":"4.537","sodUtc0":"4.654","sodUtc8":"5.204","volCcy24h":"577730.7823",'
    '"vol24h":"289425","ts":"1652459223143"}]}'
)
TRADE = (
    '{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"674510826",'
    '"px":"95634.9","sz":"0.00011186","side":"buy","ts":"1740394561685","count":"1"}]}'
)
ORDER = {
    "accFillSz": "0.00038128", "avgPx": "26228.1", "cTime": "1694153250532", "cancelSource": "", "clOrdId": "",
    "execType": "T", "fee": "-0.010000249968", "feeCcy": "USDT", "fillFee": "-0.010000249968", "fillFeeCcy": "USDT",
    "fillPx": "26228.1", "fillSz": "0.00038128", "fillTime": "1694153250535", "instId": "BTC-USDT",
    "instType": "SPOT", "ordId": "620258920632008725", "ordType": "market", "px": "", "reqId": "", "side": "sell",
    "state": "partially_filled", "sz": "10", "tgtCcy": "quote_ccy", "tradeId": "435550732",
    "uTime": "1694153250535", "amendResult": "",
}  # fmt: skip


def pushed(frame: str) -> Push:
    message = parse_message(frame)
    assert isinstance(message, Push)
    return message


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        (
            '{"event":"subscribe","arg":{"channel":"tickers","instId":"BTC-USDT"},"connId":"a4d3ae55"}',
            Acknowledged("subscribe", Subscription("tickers", "BTC-USDT")),
        ),
        ('{"event":"login","code":"0","msg":"","connId":"a4d3ae55"}', LoggedIn()),
        (
            '{"event":"error","code":"60012","msg":"Invalid request","connId":"x"}',
            Refused("60012", "Invalid request"),
        ),
        ('{"event":"notice","code":"64008","msg":"soon","connId":"x"}', Notice("64008", "soon")),
        (
            '{"event":"channel-conn-count","channel":"orders","connCount":"2","connId":"x"}',
            Remark("channel-conn-count"),
        ),
    ],
)
def test_events_are_told_apart(frame: str, meaning: object) -> None:
    assert parse_message(frame) == meaning


@pytest.mark.parametrize(
    "frame", ["", "hello", "[]", "{}", '{"arg":{},"data":[]}', '{"data":[]}', '{"arg":1}']
)
def test_a_frame_that_is_not_understood_is_shown(frame: str) -> None:
    with pytest.raises(ParsingError):
        parse_message(frame)


def test_subscriptions_go_out_in_few_frames_none_of_them_too_big() -> None:
    wanted = [Subscription("candle1H", f"COIN{number}-USDT") for number in range(3_000)]
    frames = requests("subscribe", wanted)
    assert len(frames) == 3
    assert max(len(frame) for frame in frames) <= 65_536
    assert [arg for frame in frames for arg in json.loads(frame)["args"]] == [item.arg() for item in wanted]
    assert requests("subscribe", []) == []


def test_the_login_is_signed_over_seconds_method_and_path() -> None:
    request = json.loads(login_request(Credentials("k", "s", "p"), 1_700_000_000_999))
    digest = hmac.new(b"s", b"1700000000GET/users/self/verify", hashlib.sha256).digest()
    assert request["args"][0] == {
        "apiKey": "k",
        "passphrase": "p",
        "timestamp": "1700000000",
        "sign": base64.b64encode(digest).decode(),
    }


def test_tickers_and_trades_are_decimals() -> None:
    ticker = parse_ticker_push(pushed(TICKER))[0]
    assert [ticker.last, ticker.bid, ticker.volume_24h_base] == [
        Decimal("5.123"),
        Decimal("5.134"),
        Decimal("577730.7823"),
    ]
    trade = parse_trade_push(pushed(TRADE))[0]
    assert [trade.trade_id, trade.price, trade.size, trade.side] == [
        "674510826",
        Decimal("95634.9"),
        Decimal("0.00011186"),
        "buy",
    ]


def test_bars_are_read_as_over_rest() -> None:
    row = ["1597024800000", "8533.02", "8553.74", "8527.17", "8548.26", "45.5", "388000.5", "388000.5", "1"]
    page = parse_candle_push(Push(Subscription("candle1H", "BTC-USDT"), [row]))
    assert page.open_ms.tolist() == [1_597_024_800_000]
    assert page.values[:, 0].tolist() == [8533.02, 8553.74, 8527.17, 8548.26, 45.5, 388000.5]
    assert page.confirmed.tolist() == [True]
    with pytest.raises(ParsingError, match="malformed"):
        parse_candle_push(Push(Subscription("candle1H", "BTC-USDT"), [row[:8]]))


def test_an_order_push_carries_the_fill_it_tells_of() -> None:
    received = parse_order_push(Push(Subscription("orders", inst_type="SPOT"), [ORDER]))[0]
    assert [received.order.state, received.order.filled_size] == ["partially_filled", Decimal("0.00038128")]
    assert received.fill is not None
    assert [received.fill.trade_id, received.fill.price, received.fill.fee] == [
        "435550732",
        Decimal("26228.1"),
        Decimal("-0.010000249968"),
    ]
    done = {**ORDER, "state": "filled", "fillSz": "0", "tradeId": "", "fillPx": "", "fillTime": ""}
    assert parse_order_push(Push(Subscription("orders", inst_type="SPOT"), [done]))[0].fill is None


@pytest.mark.parametrize(("kind", "whole"), [("snapshot", True), ("event_update", False)])
def test_an_account_push_says_whether_it_is_whole(kind: str, whole: bool) -> None:
    coin = {"ccy": "USDT", "cashBal": "100.5", "availBal": "90.5", "frozenBal": "10"}
    row = {"totalEq": "100.5", "uTime": "1751526647084", "details": [coin]}
    received = parse_account_push(Push(Subscription("account"), [row], kind=kind))[0]
    assert [received.is_snapshot, received.balance.available("USDT")] == [whole, Decimal("90.5")]


def book(action: str, follows: int | None, sequence: int, inst_id: str = "BTC-USDT") -> Push:
    row = {"asks": [["2", "1", "0", "1"]], "bids": [], "ts": "1597026383085", "seqId": sequence}
    return Push(Subscription("books", inst_id), [{**row, "prevSeqId": follows}], action)


class TestBooks:
    def test_a_small_book_is_always_whole(self) -> None:
        row = {
            "asks": [["2", "1", "0", "1"]],
            "bids": [["1", "3", "0", "1"]],
            "ts": "1597026383085",
            "seqId": 9,
        }
        change = parse_book_push(Push(Subscription("books5", "BTC-USDT"), [row]))[0]
        assert [change.is_snapshot, change.sequence, change.follows] == [True, 9, None]
        assert change.book.bids == ((Decimal(1), Decimal(3)),)

    def test_updates_follow_their_snapshot(self) -> None:
        sequences = BookSequences()
        assert sequences.awaits_snapshot("BTC-USDT")
        chain = [
            ("snapshot", -1, 10),
            ("update", 10, 15),
            ("update", 15, 15),
            ("update", 15, 3),
            ("update", 3, 7),
        ]
        assert all(sequences.follows(book(*link)) for link in chain), "quiet minutes and resets are no gaps"

    def test_a_hole_ends_the_book_until_the_next_snapshot(self) -> None:
        sequences = BookSequences()
        assert sequences.follows(book("snapshot", -1, 10))
        assert not sequences.follows(book("update", 11, 12))
        assert sequences.awaits_snapshot("BTC-USDT")
        assert sequences.follows(book("snapshot", -1, 20))
        assert sequences.follows(book("update", 20, 21))

    def test_a_sequence_that_is_no_number_is_an_error(self) -> None:
        with pytest.raises(ParsingError, match="seqId"):
            BookSequences().follows(book("update", None, "x"))  # type: ignore[arg-type]
