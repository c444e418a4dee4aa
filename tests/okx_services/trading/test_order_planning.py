"""From the signals of an hour to intents: what is ordered, and what cannot be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from okx_core.decisions.rules import PRODUCT_LIMITS, DecisionRules, RiskLimits
from okx_core.market.instruments import Instrument
from okx_core.trading.positions import SpotPosition
from okx_services.trading.order_planning import Situation, decide
from okx_services.trading.reconciliation import HeldPosition

HOUR = datetime(2026, 8, 9, 9, tzinfo=UTC)
NOW = HOUR + timedelta(hours=1, seconds=30)
RULES = DecisionRules()
BTC = Instrument(
    "BTC-USDT", "BTC", "USDT", Decimal("0.1"), Decimal("0.00001"), Decimal("0.0001"), None, "live"
)
SIGNAL = {
    "pair": "BTC-USDT", "predicted_excess_pct": 2.0, "tradable": True, "risk_multiplier": 1.0, "model_name": "m",
    "model_version": 3, "book_spread_bps": 1.0, "book_depth_quote": 10_000.0,
}  # fmt: skip
EMPTY = Situation(
    now=NOW, cash_quote=Decimal(10_000), held={}, prices={"BTC-USDT": Decimal(50_000)},
    instruments={"BTC-USDT": BTC}, unresolved=frozenset(),
)  # fmt: skip


def held(hours: int, reason: str = "") -> dict[str, HeldPosition]:
    position = SpotPosition(Decimal("0.01"), Decimal(500), opened_at=NOW - timedelta(hours=hours))
    return {"BTC-USDT": HeldPosition(position, reason)}


def planned(situation: Situation, signals=None, limits: RiskLimits = PRODUCT_LIMITS):
    return decide(HOUR, {"BTC-USDT": SIGNAL} if signals is None else signals, situation, RULES, limits)


def test_a_tradable_signal_is_bought_in_whole_lots_within_the_limits() -> None:
    (intent,), skipped = planned(EMPTY)
    assert (intent.side, intent.pair, intent.attempt, skipped) == ("buy", "BTC-USDT", 1, [])
    assert intent.size_base % BTC.lot == 0
    assert 0 < intent.size_base * 50_000 <= Decimal(10_000) * Decimal("0.3")
    assert (intent.model_version, intent.predicted_excess_pct) == (3, 2.0)


@pytest.mark.parametrize(
    ("situation", "reason"),
    [
        (replace(EMPTY, instruments={}), "not live at the exchange"),
        (replace(EMPTY, instruments={"BTC-USDT": replace(BTC, state="suspend")}), "not live at the exchange"),
        (replace(EMPTY, unresolved=frozenset({"BTC-USDT"})), "an earlier order's outcome is unknown"),
        (replace(EMPTY, cash_quote=Decimal(6)), "below the minimum order size"),
    ],
)
def test_what_cannot_be_ordered_is_reported_with_its_reason(situation: Situation, reason: str) -> None:
    intents, skipped = planned(situation)
    assert intents == []
    assert all(line == f"BTC-USDT: {reason}" for line in skipped)


@pytest.mark.parametrize(
    "signal",
    [
        {**SIGNAL, "tradable": False},
        {**SIGNAL, "predicted_excess_pct": None},
        {**SIGNAL, "risk_multiplier": None},
    ],
)
def test_an_unknown_or_rejected_signal_opens_nothing(signal) -> None:
    assert planned(EMPTY, {"BTC-USDT": signal}) == ([], [])


def test_a_missing_limit_rejects_every_buy_and_no_sale() -> None:
    assert planned(EMPTY, limits=RiskLimits()) == ([], [])
    late = replace(EMPTY, held=held(RULES.horizon_hours))
    (sale,), _ = planned(late, {"BTC-USDT": {**SIGNAL, "tradable": False}}, RiskLimits())
    assert sale.side == "sell"


def test_a_position_past_its_horizon_is_sold_whole_even_without_a_signal_of_its_pair() -> None:
    other = {"ETH-USDT": {**SIGNAL, "pair": "ETH-USDT", "tradable": False}}
    (sale,), skipped = planned(replace(EMPTY, held=held(RULES.horizon_hours)), other)
    assert (sale.side, sale.size_base, sale.model_version, skipped) == ("sell", Decimal("0.01"), 3, [])


def test_a_locked_pair_is_skipped_with_its_reason() -> None:
    locked = replace(EMPTY, held=held(RULES.horizon_hours, "our fills say 1, the exchange holds 2"))
    assert planned(locked) == ([], ["BTC-USDT: our fills say 1, the exchange holds 2"])


def test_a_fee_read_after_the_signals_were_made_still_refuses_what_does_not_pay_for_it() -> None:
    signals = {"BTC-USDT": SIGNAL | {"predicted_excess_pct": 0.5}}
    assert len(planned(EMPTY, signals)[0]) == 1
    assert planned(replace(EMPTY, fees={"BTC-USDT": 0.001}), signals)[0] != []
    assert planned(replace(EMPTY, fees={"BTC-USDT": 0.0035}), signals)[0] == []


def test_a_signal_whose_book_is_unknown_opens_nothing_and_an_exit_needs_none() -> None:
    unknown = {"BTC-USDT": SIGNAL | {"book_depth_quote": None}}
    assert planned(EMPTY, unknown)[0] == []
    (intent,), _ = planned(replace(EMPTY, held=held(24)), unknown)
    assert intent.side == "sell"


def test_a_protected_pair_is_not_bought_its_exit_goes_on_and_the_others_are_bought() -> None:
    reason = "cooldown: the pair was sold less than 4 h ago; no entry before 2026-08-09 13:00 UTC"
    eth = replace(BTC, inst_id="ETH-USDT", base="ETH")
    both = replace(
        EMPTY, refused={"BTC-USDT": reason}, instruments={"BTC-USDT": BTC, "ETH-USDT": eth},
        prices={"BTC-USDT": Decimal(50_000), "ETH-USDT": Decimal(50_000)},
    )  # fmt: skip
    signals = {"BTC-USDT": SIGNAL, "ETH-USDT": {**SIGNAL, "pair": "ETH-USDT"}}
    (intent,), skipped = planned(both, signals)
    assert (intent.pair, intent.side, skipped) == ("ETH-USDT", "buy", [f"BTC-USDT: {reason}"])
    (sale,), _ = planned(replace(both, held=held(RULES.horizon_hours)), {"BTC-USDT": SIGNAL})
    assert (sale.pair, sale.side) == ("BTC-USDT", "sell")
    assert planned(both, {"BTC-USDT": {**SIGNAL, "tradable": False}}) == ([], []), "it was not wanted"
