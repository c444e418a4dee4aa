"""One hour's decisions: the shared decision code asked with what the exchange and our books say now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from okx_core.decisions.costs import Costs
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.decisions.sizing import desired_orders
from okx_core.hours import floor_hour
from okx_core.market.fees import TAKER_FEE_RATE
from okx_core.market.instruments import Instrument
from okx_core.trading.intents import OrderIntent, buy_size, sell_size
from okx_services.trading.reconciliation import HeldPosition

Signals = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Situation:
    """The inputs of the hour's decisions. `unresolved` pairs have an order of unknown outcome.

    `fees` holds the account's taker fee of each pair as a fraction, by the newest reading.
    """

    now: datetime
    cash_quote: Decimal
    held: Mapping[str, HeldPosition]
    prices: Mapping[str, Decimal]
    instruments: Mapping[str, Instrument]
    unresolved: frozenset[str]
    fees: Mapping[str, float] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    """Why a protection lets a pair not be bought, of those that one refuses."""

    def fee_rate(self, pair: str) -> float:
        """The account's taker fee; the declared default while it is unknown."""
        return self.fees.get(pair, TAKER_FEE_RATE)

    def rejection_reason(self, pair: str) -> str:
        """Why nothing may be ordered in the pair, empty when it may."""
        if pair not in self.instruments or not self.instruments[pair].is_live:
            return "not live at the exchange"
        if pair not in self.prices:
            return "its price is unknown"
        if pair in self.unresolved:
            return "an earlier order's outcome is unknown"
        return self.held[pair].rejection_reason if pair in self.held else ""


def decide(
    signal_hour: datetime, signals: Signals, situation: Situation, rules: DecisionRules, limits: RiskLimits
) -> tuple[list[OrderIntent], list[str]]:
    """Intents on the lot grid, and a line for every wanted order that cannot be placed.

    `signals` holds the rows of the hour by pair. A missing signal is an unknown prediction: it opens
    nothing, and closes only what has outlived its horizon.
    """
    held = situation.held
    pairs = sorted(set(signals) | {pair for pair, h in held.items() if h.position.opened_at is not None})
    rows = [signals.get(pair, {}) for pair in pairs]
    orders = desired_orders(
        predicted_excess_pct=np.array([_number(row.get("predicted_excess_pct")) for row in rows]),
        tradable=np.array(
            [
                bool(row.get("tradable", False)) and pair not in situation.refused
                for pair, row in zip(pairs, rows, strict=True)
            ]
        ),
        held_base=np.array([_held_base(held.get(pair)) for pair in pairs]),
        held_hours=np.array([_held_hours(held.get(pair), situation.now) for pair in pairs]),
        price=np.array([_number(situation.prices.get(pair)) for pair in pairs]),
        cash_quote=float(situation.cash_quote),
        rules=rules,
        limits=limits,
        size_multiplier=np.array([_number(row.get("risk_multiplier")) for row in rows]),
        costs=Costs(
            np.array([situation.fee_rate(pair) for pair in pairs]),
            np.array([_number(row.get("book_spread_bps")) for row in rows]),
            np.array([_number(row.get("book_depth_quote")) for row in rows]),
        ),
    )
    intents = []
    skipped = [
        f"{pair}: {situation.refused[pair]}"
        for pair, row in zip(pairs, rows, strict=True)
        if pair in situation.refused and row.get("tradable", False)
    ]
    for pair, order_quote in zip(pairs, orders, strict=True):
        if order_quote == 0:
            continue
        rejection_reason = situation.rejection_reason(pair)
        size = None if rejection_reason else _size(pair, order_quote, situation)
        if size is None:
            skipped.append(f"{pair}: {rejection_reason or 'below the minimum order size'}")
        else:
            intents.append(_intent(signal_hour, pair, order_quote, size, situation.prices[pair], signals))
    return intents, skipped


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _held_base(held: HeldPosition | None) -> float:
    """Base units held; dust that cannot be sold counts as nothing."""
    return 0.0 if held is None or held.position.opened_at is None else float(held.position.quantity_base)


def _held_hours(held: HeldPosition | None, now: datetime) -> float:
    """Whole hours since the hour the position was opened in."""
    if held is None or held.position.opened_at is None:
        return 0.0
    opened = floor_hour(held.position.opened_at)
    return float((now - opened) // timedelta(hours=1))


def _size(pair: str, order_quote: float, situation: Situation) -> Decimal | None:
    instrument = situation.instruments[pair]
    if order_quote > 0:
        fee = Decimal(repr(situation.fee_rate(pair)))
        return buy_size(order_quote, situation.prices[pair], instrument, fee)
    return sell_size(situation.held[pair].position.quantity_base, instrument)


def _intent(
    signal_hour: datetime,
    pair: str,
    order_quote: float,
    size: Decimal,
    price: Decimal,
    signals: Signals,
) -> OrderIntent:
    signal = signals.get(pair) or next(iter(signals.values()))
    return OrderIntent(
        signal_hour=signal_hour,
        pair=pair,
        attempt=1,
        side="buy" if order_quote > 0 else "sell",
        size_base=size,
        decision_price=price,
        predicted_excess_pct=signals[pair]["predicted_excess_pct"] if pair in signals else None,
        model_name=signal["model_name"],
        model_version=signal["model_version"],
        reason="prediction above costs" if order_quote > 0 else "horizon over or prediction turned",
    )
