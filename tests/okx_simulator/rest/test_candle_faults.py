"""Bars under a fault script: late, missing, revised, unconfirmed, and right again afterwards."""

from collections.abc import Callable
from typing import Any

import pytest

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import fixed, iso_to_ms

BAR = "2023-06-01T11:00:00Z"  # the newest closed one at 12:20
BAR_MS = str(iso_to_ms(BAR, "test"))
Ask = Callable[[], list[list[str]]]


@pytest.fixture
def ask(get: Callable[..., Any]) -> Ask:
    """The newest four bars of BTC-USDT, newest first."""
    return lambda: get("/market/candles", instId="BTC-USDT", bar="1H", limit=4)["data"]


@pytest.fixture
def arm(exchange: Exchange) -> Callable[..., None]:
    def add(**rule: object) -> None:
        exchange.faults.add(parse_rules(rule))

    return add


@pytest.fixture
def at(exchange: Exchange) -> Callable[[str], None]:
    return lambda text: exchange.clock.set(fixed(iso_to_ms(text, "test")))


def opens(rows: list[list[str]]) -> list[str]:
    return [row[0] for row in rows]


def test_the_newest_closed_bar_comes_late(
    ask: Ask, arm: Callable[..., None], at: Callable[[str], None]
) -> None:
    arm(kind="late_candle", instId="BTC-USDT", seconds=40)
    at("2023-06-01T12:00:39Z")
    late = opens(ask())
    assert BAR_MS not in late
    assert len(late) == 4, "the page reaches one bar further back"
    at("2023-06-01T12:00:40Z")
    assert opens(ask())[1] == BAR_MS


def test_a_bar_is_missing_for_as_many_asks_as_the_rule_says(
    ask: Ask, arm: Callable[..., None], exchange: Exchange
) -> None:
    arm(kind="missing_candle", bar=BAR, count=2)
    assert [BAR_MS in opens(ask()) for _ in range(4)] == [False, False, True, True]
    assert exchange.faults.report()[0]["fired"] == 2


def test_a_bar_is_missing_for_ever(ask: Ask, arm: Callable[..., None]) -> None:
    arm(kind="missing_candle", bar=BAR)
    assert not any(BAR_MS in opens(ask()) for _ in range(5))


def test_chance_takes_the_same_bars_each_time(ask: Ask, arm: Callable[..., None], exchange: Exchange) -> None:
    def page(seed: int) -> tuple[str, ...]:
        exchange.faults.clear()
        arm(kind="missing_candle", probability=0.5, seed=seed)
        return tuple(opens(ask()))

    pages = [page(seed) for seed in range(6)]
    assert [page(seed) for seed in range(6)] == pages
    assert len(set(pages)) > 1


def test_a_bar_has_other_values_until_it_is_corrected(
    ask: Ask, arm: Callable[..., None], at: Callable[[str], None]
) -> None:
    true = {row[0]: row for row in ask()}
    arm(kind="revised_candle", bar=BAR, factor=1.5, until="2023-06-01T12:30:00Z")
    wrong = {row[0]: row for row in ask()}
    assert float(wrong[BAR_MS][4]) == pytest.approx(1.5 * float(true[BAR_MS][4]))
    assert float(wrong[BAR_MS][2]) >= float(wrong[BAR_MS][4])
    assert {key: row for key, row in wrong.items() if key != BAR_MS} == {
        key: row for key, row in true.items() if key != BAR_MS
    }
    at("2023-06-01T12:30:00Z")
    assert {row[0]: row for row in ask()}[BAR_MS] == true[BAR_MS]


def test_a_bar_is_revised_after_a_moment(
    ask: Ask, arm: Callable[..., None], at: Callable[[str], None]
) -> None:
    true = {row[0]: row for row in ask()}
    arm(kind="revised_candle", bar=BAR, **{"from": "2023-06-01T12:30:00Z"})
    assert {row[0]: row for row in ask()}[BAR_MS] == true[BAR_MS]
    at("2023-06-01T12:30:00Z")
    assert {row[0]: row for row in ask()}[BAR_MS] != true[BAR_MS]


def test_a_closed_bar_says_unconfirmed_for_a_while(
    ask: Ask, arm: Callable[..., None], at: Callable[[str], None]
) -> None:
    arm(kind="unconfirmed", instId="BTC-USDT", seconds=60)
    at("2023-06-01T12:00:59Z")
    assert [row[8] for row in ask()] == ["0", "0", "1", "1"]
    at("2023-06-01T12:01:00Z")
    assert [row[8] for row in ask()] == ["0", "1", "1", "1"]


def test_other_pairs_are_left_alone(get: Callable[..., Any], arm: Callable[..., None]) -> None:
    before = get("/market/candles", instId="ETH-USDT", bar="1H")["data"]
    arm(kind="missing_candle", instId="BTC-USDT")
    arm(kind="revised_candle", instId="BTC-USDT")
    assert get("/market/candles", instId="ETH-USDT", bar="1H")["data"] == before
