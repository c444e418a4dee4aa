"""Frames of the protocol: what a client may send, and the events that answer it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from okx_simulator.protocol.calls import Payload

Arg = Mapping[str, str]

MESSAGES = {
    "60004": "Invalid timestamp",
    "60005": "Invalid apiKey",
    "60006": "Timestamp request expired",
    "60007": "Invalid sign",
    "60009": "Login failed.",
    "60011": "Please log in",
    "60013": "Invalid args",
    "60014": "Requests too frequent",
    "60024": "Wrong passphrase",
    "60032": "API key doesn't exist",
    "64001": "This channel has been migrated to the '/business' URL. Please subscribe using the new URL.",
    "64002": 'This channel is not supported by "/business" URL. Please use "/private" URL(for private '
    'channels), or "/public" URL(for public channels).',
    "64003": "Your trading fee tier doesn't meet the requirement to access this channel",
}


class FrameError(Exception):
    """A frame the exchange answers with an error event."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message or MESSAGES[code])
        self.code = code


@dataclass(frozen=True)
class ClientFrame:
    """One request: what to do, with what, and the id to repeat in the answer."""

    op: str
    args: tuple[Mapping[str, Any], ...]
    request_id: str = ""
    exp_time: str = ""


def malformed(text: str) -> FrameError:
    return FrameError("60012", f"Invalid request: {text[:200]}")


def unknown_channel(arg: Mapping[str, Any]) -> FrameError:
    named = ",".join(f"{name}:{value}" for name, value in arg.items())
    return FrameError(
        "60018",
        f"Wrong URL or {named} doesn't exist. Please use the correct URL, channel and parameters referring to "
        "API document.",
    )


def parse_frame(text: str) -> ClientFrame:
    """A request from its JSON; anything else is 60012, args that are no list of objects 60013."""
    try:
        body = json.loads(text)
    except ValueError as error:
        raise malformed(text) from error
    if not isinstance(body, dict) or not isinstance(body.get("op"), str):
        raise malformed(text)
    args = body.get("args", [])
    if not isinstance(args, list) or not args or not all(isinstance(arg, dict) for arg in args):
        raise FrameError("60013")
    return ClientFrame(body["op"], tuple(args), str(body.get("id") or ""), str(body.get("expTime") or ""))


def text_arg(arg: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a subscription that are there, as text."""
    return {str(name): str(value) for name, value in arg.items() if value not in (None, "")}


def event(name: str, connection: str, request_id: str = "", **fields: object) -> Payload:
    """An event such as subscribe, login or error; the request's id is repeated when there was one."""
    identified = {"id": request_id} if request_id else {}
    return {**identified, "event": name, **fields, "connId": connection}


def error_event(error: FrameError, connection: str, request_id: str = "") -> Payload:
    return event("error", connection, request_id, code=error.code, msg=str(error))


def as_text(payload: Payload) -> str:
    return json.dumps(payload, separators=(",", ":"))
