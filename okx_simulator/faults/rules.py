"""Kinds of faults, and the rules of a fault script.

A rule names a kind and what it strikes. `count`, `skip` and `probability` decide how often a request or
push is struck; chance comes from the seed alone, so that a script always fails in the same places.
"""

import hashlib
import math
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from okx_core.errors import OkxSignalError
from okx_simulator.protocol.clock import iso_to_ms

REQUEST_KINDS = {
    "accept_then_timeout": "carried out; the answer never comes, after `seconds` the connection drops",
    "rate_limited": "50011, with HTTP `status` 429 or 200",
    "busy": "50001 with HTTP 503",
    "system_error": "50026 with HTTP 500",
    "clock_skew": "50102 with HTTP 401",
    "unavailable": "HTTP 503 without JSON",
    "html_body": "a page of the CDN, with HTTP `status` 403",
    "truncated_body": "carried out; half of the answer, then the connection drops",
    "dropped_socket": "the connection drops before the request is carried out; a WebSocket at a push",
    "slow": "carried out; the answer comes `seconds` later",
}
CANDLE_KINDS = {
    "late_candle": "a closed bar is missing for `seconds` after its close",
    "missing_candle": "a bar is missing for `count` asks, or for ever; it is never pushed",
    "revised_candle": "a bar has other values (close x `factor`) between `from` and `until`; `seconds` "
    "instead of `until` counts from its close",
    "unconfirmed": "a closed bar still says confirm 0; `seconds` limits it to that long after the close",
}
ACCOUNT_KINDS = {
    "suspended": "the pair's state is suspend and its orders are refused, between `from` and `until`",
    "delisted": "the pair is gone, 51001, between `from` and `until`",
    "order_hidden": "a new order is not found (51603) for `seconds` of the exchange's clock",
}
PUSH_KINDS = {
    "duplicate_push": "the frame is sent twice",
    "out_of_order_push": "the frame is sent after the next one",
    "lost_push": "the frame is not sent",
    "service_notice": "notice 64008, and `seconds` later the connection is closed",
}
KINDS = REQUEST_KINDS | CANDLE_KINDS | ACCOUNT_KINDS | PUSH_KINDS
DEFAULT_SECONDS = {"accept_then_timeout": 30.0, "slow": 1.0, "late_candle": 30.0, "order_hidden": 30.0}
DEFAULT_SECONDS |= {"service_notice": 60.0}
DEFAULT_STATUS = {"rate_limited": 429, "html_body": 403}
MOMENTS = ("bar", "from", "until")
PREFIX = "/api/v5"


@dataclass(frozen=True)
class FaultRule:
    """One line of a fault script; patterns are shell-like, '*' is any. Times are milliseconds UTC."""

    kind: str
    method: str = "*"
    path: str = "*"
    channel: str = "*"
    inst_id: str = "*"
    count: int | None = None
    skip: int = 0
    probability: float = 1.0
    seed: int = 0
    seconds: float | None = None
    status: int | None = None
    factor: float = 1.01
    bar_ms: int | None = None
    from_ms: int | None = None
    until_ms: int | None = None

    @property
    def wait_seconds(self) -> float:
        """`seconds`, or what is usual for the kind."""
        return DEFAULT_SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds

    @property
    def http_status(self) -> int:
        return DEFAULT_STATUS.get(self.kind, 500) if self.status is None else self.status

    def names(self, inst_id: str) -> bool:
        return fnmatchcase(inst_id, self.inst_id)

    def strikes_request(self, method: str, path: str, inst_ids: tuple[str, ...]) -> bool:
        """Whether a REST call is meant; a rule for a channel never means one."""
        named = self.inst_id == "*" or any(self.names(inst_id) for inst_id in inst_ids)
        wanted = self.path.removeprefix(PREFIX)
        return self.channel == "*" and named and self.method in ("*", method) and fnmatchcase(path, wanted)

    def strikes_push(self, channel: str, inst_id: str) -> bool:
        """Whether a push is meant; a rule for a path or method never means one."""
        pushes = self.path == "*" and self.method == "*"
        return pushes and fnmatchcase(channel, self.channel) and self.names(inst_id)

    def holds_at(self, now_ms: int) -> bool:
        """Whether `now_ms` is in [from, until); an absent bound is no bound."""
        begun = self.from_ms is None or now_ms >= self.from_ms
        return begun and (self.until_ms is None or now_ms < self.until_ms)

    def drawn(self, *what: object) -> bool:
        """The rule's chance for `what`: always the same answer for the same seed."""
        if self.probability >= 1:
            return True
        text = "|".join(map(str, (self.kind, self.seed, *what)))
        number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
        return number < self.probability * 2**64


WIRE_NAMES = {"inst_id": "instId", "bar_ms": "bar", "from_ms": "from", "until_ms": "until"}
FIELDS = {WIRE_NAMES.get(field.name, field.name): field.name for field in fields(FaultRule)}


def _number(name: str, value: object, lowest: float, highest: float, whole: bool) -> float:
    right = isinstance(value, int) or (isinstance(value, float) and not whole)
    if isinstance(value, bool) or not right or not isinstance(value, int | float) or not math.isfinite(value):
        raise OkxSignalError(f"fault field {name} must be a {'whole ' if whole else ''}number, not {value!r}")
    if not lowest <= value <= highest:
        raise OkxSignalError(f"fault field {name} must be between {lowest:g} and {highest:g}, not {value!r}")
    return value


def _value(name: str, value: object) -> Any:
    """One field of a rule, checked."""
    if name in MOMENTS:
        return iso_to_ms(str(value), f"fault field {name}")
    if name in ("count", "skip", "seed"):
        return _number(name, value, 0, 2**63, whole=True)
    if name == "status":
        return _number(name, value, 200, 599, whole=True)
    if name in ("seconds", "factor"):
        return _number(name, value, 0, 1e9, whole=False)
    if name == "probability":
        return _number(name, value, 0, 1, whole=False)
    if not isinstance(value, str) or not value:
        raise OkxSignalError(f"fault field {name} must be text, not {value!r}")
    return value


def parse_rule(body: object) -> FaultRule:
    """A rule from its JSON; an error names what is allowed instead."""
    if not isinstance(body, dict):
        raise OkxSignalError('a fault is a JSON object such as {"kind": "busy", "path": "/market/*"}')
    if body.get("kind") not in KINDS:
        raise OkxSignalError(f"unknown fault kind {body.get('kind')!r}; use {', '.join(KINDS)}")
    unknown = sorted(set(body) - set(FIELDS))
    if unknown:
        raise OkxSignalError(f"unknown fault field {', '.join(unknown)}; use {', '.join(FIELDS)}")
    return FaultRule(**{FIELDS[name]: _value(name, value) for name, value in body.items()})


def parse_rules(body: object) -> list[FaultRule]:
    """The rules of a request to the admin port: one object or a list of them."""
    return [parse_rule(row) for row in (body if isinstance(body, list) else [body])]


def rule_body(rule: FaultRule) -> dict[str, object]:
    """A rule as the admin port shows it: what differs from the defaults."""
    plain = FaultRule(rule.kind)
    values = {name: getattr(rule, field) for name, field in FIELDS.items()}
    return {
        name: value
        for name, value in values.items()
        if name == "kind" or value != getattr(plain, FIELDS[name])
    }
