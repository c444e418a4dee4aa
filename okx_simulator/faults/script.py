"""The fault script in force: which rule strikes which request, push, bar, pair or order."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from okx_simulator.faults.rules import MOMENTS, PUSH_KINDS, REQUEST_KINDS, FaultRule, rule_body
from okx_simulator.protocol.clock import ms_to_iso
from okx_simulator.protocol.errors import order_not_found

PUSHED_KINDS = ("dropped_socket", *PUSH_KINDS)
ORDER_PATHS = ("/trade/order", "/trade/orders-pending", "/trade/orders-history")


@dataclass
class ArmedRule:
    """A rule with what it has met and done so far."""

    rule: FaultRule
    matched: int = 0
    fired: int = 0
    asks: Counter[tuple[str, int]] = field(default_factory=Counter)

    def strike(self) -> bool:
        """Count one more match; True when the rule strikes it."""
        self.matched += 1
        spent = self.rule.count is not None and self.fired >= self.rule.count
        if self.matched <= self.rule.skip or spent or not self.rule.drawn(self.matched):
            return False
        self.fired += 1
        return True


class Faults:
    """The rules of one exchange, in the order they were given: the first that strikes wins."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.now_ms = now_ms
        self._armed: list[ArmedRule] = []

    def add(self, rules: Iterable[FaultRule]) -> None:
        self._armed += [ArmedRule(rule) for rule in rules]

    def clear(self) -> None:
        self._armed = []

    def report(self) -> list[dict[str, object]]:
        """Every rule with how often it matched and fired."""
        rows = []
        for armed in self._armed:
            body = rule_body(armed.rule)
            body |= {name: ms_to_iso(int(str(body[name]))) for name in MOMENTS if name in body}
            rows.append({**body, "matched": armed.matched, "fired": armed.fired})
        return rows

    def armed(self, *kinds: str) -> Iterator[ArmedRule]:
        """The rules of these kinds, in order."""
        return (armed for armed in self._armed if armed.rule.kind in kinds)

    def request_fault(self, method: str, path: str, inst_ids: tuple[str, ...]) -> FaultRule | None:
        """The rule that strikes a REST call; `path` comes after /api/v5."""
        now_ms = self.now_ms()
        for armed in self.armed(*REQUEST_KINDS):
            meant = armed.rule.strikes_request(method, path, inst_ids) and armed.rule.holds_at(now_ms)
            if meant and armed.strike():
                return armed.rule
        return None

    def push_fault(self, channel: str, inst_id: str) -> FaultRule | None:
        """The rule that strikes a frame of a channel; a dropped socket needs a rule with a channel."""
        now_ms = self.now_ms()
        for armed in self.armed(*PUSHED_KINDS):
            rule = armed.rule
            if rule.kind == "dropped_socket" and rule.channel == "*":
                continue
            if rule.strikes_push(channel, inst_id) and rule.holds_at(now_ms) and armed.strike():
                return rule
        return None

    def is_suspended(self, pair: str) -> bool:
        return self._strikes_pair("suspended", pair)

    def is_delisted(self, pair: str) -> bool:
        return self._strikes_pair("delisted", pair)

    def _strikes_pair(self, kind: str, pair: str) -> bool:
        for armed in self.armed(kind):
            if armed.rule.names(pair) and armed.rule.holds_at(self.now_ms()):
                armed.fired += 1
                return True
        return False

    def visible_orders(self, path: str, rows: list[Any]) -> list[Any]:
        """The order rows of an answer without the hidden ones; 51603 when the one asked for is hidden."""
        if path not in ORDER_PATHS or not rows:
            return rows
        seen = [row for row in rows if "cTime" not in row or not self._hides(row)]
        if path == "/trade/order" and not seen:
            raise order_not_found()
        return seen

    def _hides(self, row: dict[str, Any]) -> bool:
        for armed in self.armed("order_hidden"):
            rule = armed.rule
            shown_ms = int(row["cTime"]) + rule.wait_seconds * 1000
            if rule.names(row["instId"]) and self.now_ms() < shown_ms and rule.drawn(row["ordId"]):
                armed.fired += 1
                return True
        return False
