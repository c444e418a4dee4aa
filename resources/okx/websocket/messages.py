"""Frames to and from OKX: pure functions between text and types."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from resources.okx.errors import ParsingError
from resources.okx.http.signing import Credentials, signature

# OKX takes subscribe frames of up to 64 KB.
MAX_FRAME_BYTES = 60_000
PING, PONG = "ping", "pong"
FROM_WHERE = "WebSocket"


@dataclass(frozen=True)
class Subscription:
    """A channel of an instrument, of an instrument type, or of the account."""

    channel: str
    inst_id: str = ""
    inst_type: str = ""

    def arg(self) -> dict[str, str]:
        named = {"channel": self.channel, "instType": self.inst_type, "instId": self.inst_id}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True)
class Acknowledged:
    """OKX has begun (`subscribe`) or ended (`unsubscribe`) a subscription."""

    operation: str
    subscription: Subscription


@dataclass(frozen=True)
class LoggedIn:
    """The connection may use private channels now."""


@dataclass(frozen=True)
class Refused:
    """A request was answered with an error; OKX does not say which argument it was about."""

    code: str
    reason: str


@dataclass(frozen=True)
class Notice:
    """Something OKX announces; 64008 is the end of the connection within a minute."""

    code: str
    reason: str


@dataclass(frozen=True)
class Remark:
    """An event that asks for nothing, such as the number of connections of a channel."""

    event: str


@dataclass(frozen=True)
class Push:
    """Data of a channel; `action` is snapshot or update for books, `kind` OKX's eventType for the account."""

    subscription: Subscription
    rows: list[Any]
    action: str = ""
    kind: str = ""


Message = Acknowledged | LoggedIn | Refused | Notice | Remark | Push


def _subscription(arg: object, frame: str) -> Subscription:
    if not isinstance(arg, dict) or not arg.get("channel"):
        raise ParsingError(FROM_WHERE, f"an arg without a channel: {frame:.160}")
    return Subscription(str(arg["channel"]), str(arg.get("instId") or ""), str(arg.get("instType") or ""))


def parse_message(frame: str) -> Message:
    """One frame of JSON, parsed; ParsingError shows what is not understood."""
    try:
        body = orjson.loads(frame)
    except ValueError:
        raise ParsingError(FROM_WHERE, f"a frame that is not JSON: {frame:.160}") from None
    if not isinstance(body, dict):
        raise ParsingError(FROM_WHERE, f"a frame that is no object: {frame:.160}")
    event = body.get("event")
    if event in ("subscribe", "unsubscribe"):
        return Acknowledged(event, _subscription(body.get("arg"), frame))
    if event == "login":
        return LoggedIn()
    if event == "error":
        return Refused(str(body.get("code") or ""), str(body.get("msg") or "no message"))
    if event == "notice":
        return Notice(str(body.get("code") or ""), str(body.get("msg") or "no message"))
    if isinstance(event, str):
        return Remark(event)
    rows = body.get("data")
    if not isinstance(rows, list):
        raise ParsingError(FROM_WHERE, f"a frame without event and data: {frame:.160}")
    subscription = _subscription(body.get("arg"), frame)
    return Push(subscription, rows, str(body.get("action") or ""), str(body.get("eventType") or ""))


def requests(operation: str, subscriptions: Iterable[Subscription]) -> list[str]:
    """The frames that subscribe or unsubscribe, as few as OKX's limit on their size allows."""
    frames: list[str] = []
    args: list[dict[str, str]] = []
    size = 0
    for subscription in subscriptions:
        arg = subscription.arg()
        length = len(orjson.dumps(arg)) + 1
        if args and size + length > MAX_FRAME_BYTES:
            frames.append(_request(operation, args))
            args, size = [], 0
        args.append(arg)
        size += length
    return [*frames, _request(operation, args)] if args else frames


def _request(operation: str, args: Sequence[dict[str, str]]) -> str:
    return orjson.dumps({"op": operation, "args": args}).decode()


def login_request(credentials: Credentials, now_ms: int) -> str:
    """The frame that logs in; OKX accepts it for 30 s."""
    timestamp = str(now_ms // 1000)
    sign = signature(credentials.secret, timestamp, "GET", "/users/self/verify", b"")
    arg = {"apiKey": credentials.key, "passphrase": credentials.passphrase, "timestamp": timestamp}
    return _request("login", [{**arg, "sign": sign}])
