"""Who is asking: the signature over the raw request, and the clock skew of the asker."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from okx_simulator.protocol.credentials import AccountKey
from okx_simulator.protocol.errors import ApiError

ALLOWED_SKEW_MS = 30_000
HEADERS = (
    ("ok-access-key", "50103", 'Request header "OK-ACCESS-KEY" can not be empty.'),
    ("ok-access-passphrase", "50104", 'Request header "OK-ACCESS-PASSPHRASE" can not be empty.'),
    ("ok-access-sign", "50106", 'Request header "OK-ACCESS-SIGN" can not be empty.'),
    ("ok-access-timestamp", "50107", 'Request header "OK-ACCESS-TIMESTAMP" can not be empty.'),
)


def expected_signature(secret: str, timestamp: str, method: str, target: str, body: bytes) -> bytes:
    """HMAC-SHA256 of timestamp + METHOD + raw request target + raw body."""
    message = f"{timestamp}{method}{target}".encode() + body
    return hmac.new(secret.encode(), message, hashlib.sha256).digest()


def _skew_ms(timestamp: str, now_ms: int) -> int:
    try:
        moment = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ApiError("50112", "Invalid OK-ACCESS-TIMESTAMP", 401) from error
    return abs(round(moment.timestamp() * 1000) - now_ms)


def authenticate(
    headers: Mapping[str, str], method: str, target: str, body: bytes, account: AccountKey, now_ms: int
) -> None:
    """Raise OKX's error when `account` did not sign the request; `target` is path?query as sent."""
    for name, code, message in HEADERS:
        if not headers.get(name):
            raise ApiError(code, message, 401)
    if headers["ok-access-key"] != account.key:
        raise ApiError("50111", "Invalid OK-ACCESS-KEY", 401)
    timestamp = headers["ok-access-timestamp"]
    if _skew_ms(timestamp, now_ms) > ALLOWED_SKEW_MS:
        raise ApiError("50102", "Timestamp request expired", 401)
    if not hmac.compare_digest(headers["ok-access-passphrase"], account.passphrase):
        raise ApiError("50105", 'Request header "OK-ACCESS-PASSPHRASE" incorrect.', 401)
    try:
        given = base64.b64decode(headers["ok-access-sign"], validate=True)
    except (binascii.Error, ValueError):
        given = b""
    if not hmac.compare_digest(given, expected_signature(account.secret, timestamp, method, target, body)):
        raise ApiError("50113", "Invalid Sign", 401)
