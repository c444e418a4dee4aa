"""Request signatures and the credentials they are made with."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Credentials:
    """An API key. Nothing of it ever shows in a repr, an error or a log."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)


def iso_timestamp(now_ms: int) -> str:
    """ISO-8601 UTC with milliseconds and Z, as OKX wants it."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now_ms % 1000:03d}Z"


def signature(secret: str, timestamp: str, method: str, target: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256 over timestamp + METHOD + path?query as sent + body as sent."""
    message = f"{timestamp}{method}{target}".encode() + body
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def signed_headers(
    credentials: Credentials, now_ms: int, method: str, target: str, body: bytes
) -> dict[str, str]:
    """The four OK-ACCESS headers of one request."""
    timestamp = iso_timestamp(now_ms)
    return {
        "OK-ACCESS-KEY": credentials.key,
        "OK-ACCESS-PASSPHRASE": credentials.passphrase,
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-SIGN": signature(credentials.secret, timestamp, method, target, body),
    }
