"""Who is at the other end: the signature of the login request."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any

from okx_simulator.protocol.authentication import ALLOWED_SKEW_MS, expected_signature
from okx_simulator.protocol.credentials import AccountKey
from okx_simulator.websocket.frames import FrameError

SIGNED_METHOD, SIGNED_PATH = "GET", "/users/self/verify"
NEEDED = ("apiKey", "passphrase", "timestamp", "sign")


def check_login(arg: Mapping[str, Any], account: AccountKey, now_ms: int) -> None:
    """Raise the exchange's error unless `account` signed; the timestamp is Unix seconds, number or text."""
    if any(arg.get(name) in (None, "") for name in NEEDED):
        raise FrameError("60009")
    key, passphrase, timestamp, sign = (str(arg[name]) for name in NEEDED)
    if not key.isascii() or len(key) > 64:
        raise FrameError("60005")
    if key != account.key:
        raise FrameError("60032")
    try:
        seconds = float(timestamp)
    except ValueError as error:
        raise FrameError("60004") from error
    if not abs(seconds * 1000 - now_ms) <= ALLOWED_SKEW_MS:
        raise FrameError("60006")
    if not hmac.compare_digest(passphrase.encode(), account.passphrase.encode()):
        raise FrameError("60024")
    try:
        given = base64.b64decode(sign, validate=True)
    except (binascii.Error, ValueError):
        given = b""
    if not hmac.compare_digest(
        given, expected_signature(account.secret, timestamp, SIGNED_METHOD, SIGNED_PATH, b"")
    ):
        raise FrameError("60007")
