"""Rules of a fault script: what they accept, what they mean, and that chance is only in the seed."""

import pytest

from okx_core.errors import OkxSignalError
from okx_simulator.faults.rules import FaultRule, parse_rule, parse_rules, rule_body


def test_a_rule_reads_back_as_it_was_written() -> None:
    body = {"kind": "late_candle", "instId": "BTC-*", "seconds": 40, "count": 2}
    assert rule_body(parse_rule(body)) == body
    assert parse_rules([body, body]) == [parse_rule(body)] * 2


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ([], "is a JSON object"),
        ({"kind": "earthquake"}, "use accept_then_timeout"),
        ({"kind": "busy", "path_": "/x"}, "unknown fault field path_; use kind, method"),
        ({"kind": "busy", "count": 1.5}, "count must be a whole number"),
        ({"kind": "busy", "count": True}, "count must be a whole number"),
        ({"kind": "busy", "probability": 2}, "between 0 and 1"),
        ({"kind": "busy", "seconds": -1}, "seconds must be between 0"),
        ({"kind": "busy", "path": ""}, "path must be text"),
        ({"kind": "late_candle", "bar": "noon"}, "is not an ISO-8601 time"),
    ],
)
def test_a_bad_rule_is_refused_with_what_is_allowed(body: object, says: str) -> None:
    with pytest.raises(OkxSignalError, match=says):
        parse_rule(body)


def test_chance_depends_on_the_seed_and_on_nothing_else() -> None:
    def draws(seed: int) -> list[bool]:
        rule = FaultRule("busy", probability=0.3, seed=seed)
        return [rule.drawn(number) for number in range(2_000)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert 500 < sum(draws(1)) < 700


def test_patterns_are_shell_like_and_take_the_path_with_or_without_its_prefix() -> None:
    rule = parse_rule({"kind": "busy", "method": "POST", "path": "/api/v5/trade/*order*", "instId": "*-USDT"})
    assert rule.strikes_request("POST", "/trade/batch-orders", ("BTC-USDT",))
    assert not rule.strikes_request("GET", "/trade/order", ("BTC-USDT",))
    assert not rule.strikes_request("POST", "/account/x", ("BTC-USDT",))
    assert not rule.strikes_request("POST", "/trade/order", ())


def test_a_rule_for_a_channel_is_none_for_requests_and_the_other_way_round() -> None:
    pushes, requests = FaultRule("dropped_socket", channel="candle*"), FaultRule("dropped_socket", path="/m*")
    assert pushes.strikes_push("candle1H", "BTC-USDT")
    assert not pushes.strikes_request("GET", "/market/candles", ())
    assert not requests.strikes_push("candle1H", "BTC-USDT")
