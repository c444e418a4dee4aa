"""The backtest a second time, as plain Python with Decimal money: one hour and one pair after the other.

Written from what `okx_core.backtest` says that it does, without its code. Prices, sizes and rates come as text.
"""

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from tests.okx_core.backtest.reference_correlation import correlation
from tests.okx_core.backtest.reference_protections import Guard
from tests.okx_core.backtest.reference_terms import Held, Rules

HUNDRED, TEN_THOUSAND = Decimal(100), Decimal(10_000)
LEVEL_STEP, RAMP = Decimal(1), 10


@dataclass
class Reference:
    """`bars[hour][pair]` holds open, high, low, close, quote_volume or is None; `wants[hour][pair]` the signal.

    `steps[pair]` is (lot, min_size, tick, delisted hour or None).
    """

    rules: Rules
    bars: list[dict[str, dict[str, Decimal] | None]]
    wants: list[dict[str, dict[str, Any]]]
    steps: dict[str, tuple[Decimal, Decimal, Decimal, int | None]]
    cash: Decimal
    guard: Guard
    held: dict[str, Held] = field(default_factory=dict)
    marks: dict[str, Decimal] = field(default_factory=dict)
    trades: list[dict[str, Any]] = field(default_factory=list)
    equity: list[Decimal] = field(default_factory=list)

    def run(self) -> None:
        for hour in range(len(self.wants)):
            for pair in sorted(self.steps):
                self.inside(hour, pair)
            for pair in sorted(self.steps):
                self.close_of(hour, pair)
            for pair in sorted(self.steps):
                self.delist(hour, pair)
            self.equity.append(self.worth())
            self.guard.marks.append((hour + 1, self.equity[-1]))
            orders = self.decide(hour)
            for position in self.held.values():
                position.filled = Decimal(0)
            for pair, order in sorted(orders.items()):
                if order < 0:
                    self.leave(hour, pair)
            for pair, order in sorted(orders.items()):
                if order > 0:
                    self.enter(hour, pair, order)

    def worth(self) -> Decimal:
        return self.cash + sum((one.base * self.marks[pair] for pair, one in self.held.items()), Decimal(0))

    def inside(self, hour: int, pair: str) -> None:
        bar, position = self.bars[hour][pair], self.held.get(pair)
        if bar is None or position is None:
            return
        stop, target = position.level, position.target
        if stop is not None and bar["open"] <= stop:
            price, reason = bar["open"], position.level_reason
        elif target is not None and bar["open"] > target:
            price, reason = bar["open"], "target"
        elif stop is not None and bar["low"] <= stop:
            price, reason = stop, position.level_reason
        elif target is not None and bar["high"] > target:
            price, reason = target, "target"
        else:
            return
        self.sell(hour, hour, pair, price, reason, self.room(bar, position.filled, opens=False))

    def close_of(self, hour: int, pair: str) -> None:
        bar, position = self.bars[hour][pair], self.held.get(pair)
        if bar is not None:
            self.marks[pair] = bar["close"]
        if position is None:
            return
        if bar is not None:
            position.high = max(position.high, bar["high"])
        gain = HUNDRED * (position.high / position.price - 1)
        rules = self.rules
        if rules.break_even is not None and gain >= rules.break_even:
            self.raise_stop(position, position.price, "break_even")
        if position.trail is not None and gain >= rules.trail_after:
            trailing = position.high * (1 - position.trail / HUNDRED)
            self.raise_stop(position, self.grid(trailing, pair, ROUND_FLOOR), "trailing")

    @staticmethod
    def raise_stop(position: Held, level: Decimal, reason: str) -> None:
        if position.level is None or level > position.level:
            position.level, position.level_reason = level, reason

    def delist(self, hour: int, pair: str) -> None:
        end = self.steps[pair][3]
        if end is not None and end <= hour + 1 and pair in self.held:
            self.sell(hour + 1, hour, pair, self.marks[pair], "delisted", None)

    def decide(self, hour: int) -> dict[str, Decimal]:
        rules, wants, now = self.rules, self.wants[hour], hour + 1
        orders = {}
        for pair, position in self.held.items():
            if now - position.entry_hour >= rules.horizon or wants[pair]["leaves"] or position.closing:
                orders[pair] = Decimal(-1)
        equity, count = self.worth(), len(self.held)
        left = self.guard.entries_left(now)
        most = rules.max_positions if left is None else min(rules.max_positions, count + left)
        room, cash = rules.exposure / HUNDRED * equity - (equity - self.cash), self.cash
        wanted = rules.risk / rules.planned_loss * equity
        for pair in sorted(self.steps, key=lambda name: (-(wants[name]["prediction"] or 0), name)):
            want, scale = wants[pair], self.scale(wants[pair])
            if self.wanted(want, pair) and self.guard.refuses(pair, now):
                continue
            is_free = want["tradable"] and pair not in self.held and self.bars[hour][pair] is not None
            if count == most or not is_free or scale is None or not (want["prediction"] or 0) > 0:
                continue
            if wanted * scale < rules.min_order:
                continue
            order = min(wanted * scale, rules.asset / HUNDRED * equity, rules.max_order, room, cash)
            if order < rules.min_order:
                break
            cost = 2 * (HUNDRED * want["fee"] + self.offset(order, want) * HUNDRED)
            if want["prediction"] < rules.fee_margin * cost or self.is_alike(hour, pair, orders):
                continue
            orders[pair] = order
            room, cash, count = room - order, cash - order, count + 1
        if most < rules.max_positions and count == most:
            for pair in self.steps:
                left_out = self.wanted(wants[pair], pair) and pair not in orders
                if left_out and not self.guard.reason(pair, now):
                    self.guard.count("daily_trades")
        return orders

    def is_alike(self, hour: int, pair: str, orders: dict[str, Decimal]) -> bool:
        most = self.rules.max_correlation
        for other in {*self.held, *orders} if most is not None else ():
            found = correlation(self.bars, hour, self.rules.correlation_hours, pair, other)
            if found is None or found > most:
                return True
        return False

    def wanted(self, want: dict[str, Any], pair: str) -> bool:
        known = (want["prediction"] or 0) > 0 and self.scale(want) is not None
        return want["tradable"] and pair not in self.held and known

    def distance(
        self, percent: Decimal | None, multiple: Decimal | None, want: dict[str, Any]
    ) -> Decimal | None:
        if multiple is None:
            return percent
        if want["atr"] is None:
            return None
        ranged = multiple * want["atr"]
        return ranged if percent is None else min(percent, ranged)

    def scale(self, want: dict[str, Any]) -> Decimal | None:
        """How much larger than planned a position is, as its stop is nearer; None where its stop is unknown."""
        if self.rules.stop_pct is None and self.rules.stop_atr is None:
            return Decimal(1)
        distance = self.distance(self.rules.stop_pct, self.rules.stop_atr, want)
        return None if distance is None else self.rules.planned_loss / distance

    def enter(self, hour: int, pair: str, order: Decimal) -> None:
        bar, want, (lot, smallest, _, _) = self.bars[hour + 1][pair], self.wants[hour][pair], self.steps[pair]
        if bar is None:
            return
        room = self.room(bar, Decimal(0), opens=True)
        order = min(order, self.cash) if room is None else min(order, self.cash, room)
        price = bar["open"] * (1 + self.offset(order, want))
        ordered = order / price // lot * lot
        base = ordered * (1 - want["fee"])
        if base // lot * lot < max(lot, smallest):
            return
        stop = self.distance(self.rules.stop_pct, self.rules.stop_atr, want)
        ratio = self.rules.target_ratio
        level = None if stop is None else self.grid(price * (1 - stop / HUNDRED), pair, ROUND_FLOOR)
        target = None
        if stop is not None and ratio is not None:
            target = self.grid(price * (1 + ratio * stop / HUNDRED), pair, ROUND_CEILING)
        self.cash -= ordered * price
        self.held[pair] = Held(
            hour + 1, price, ordered * price, base, price, level, "stop", target,
            self.distance(self.rules.trail_pct, self.rules.trail_atr, want),
            ordered * price - base * bar["open"], ordered * want["fee"] * bar["open"],
            ordered * bar["open"] * want["spread"] / 2 / TEN_THOUSAND, filled=ordered * bar["open"],
        )  # fmt: skip
        self.guard.entries.append(hour + 1)

    def leave(self, hour: int, pair: str) -> None:
        bar, position = self.bars[hour + 1][pair], self.held[pair]
        if bar is None:
            return
        over = hour + 1 - position.entry_hour >= self.rules.horizon
        reason = position.closing or ("horizon" if over else "prediction")
        self.sell(hour + 1, hour, pair, bar["open"], reason, self.room(bar, Decimal(0), opens=False))

    def sell(
        self, now: int, decided: int, pair: str, mid: Decimal, reason: str, room: Decimal | None
    ) -> None:
        position, want, (lot, smallest, _, _) = self.held[pair], self.wants[decided][pair], self.steps[pair]
        position.closing = reason
        most = position.base if room is None else min(position.base, room / mid)
        base = most // lot * lot
        if base <= 0 or base < smallest:
            return
        is_limit = reason == "target" and now == decided  # what is left of it goes at the market
        offset = Decimal(0) if is_limit else self.offset(most * mid, want, worst=reason == "delisted")
        received = base * mid * (1 - offset) * (1 - want["fee"])
        rest = position.base - base
        position.cost += base * mid - received
        position.fee += base * mid * (1 - offset) * want["fee"]
        half = (HUNDRED if reason == "delisted" else want["spread"]) / 2 / TEN_THOUSAND
        position.spread += Decimal(0) if is_limit else base * mid * half
        if rest < max(lot, smallest):
            position.cost, rest = position.cost + rest * mid, Decimal(0)
        self.cash += received
        position.base = rest
        position.filled += base * mid
        position.sold += base
        position.sold_for += base * mid * (1 - offset)
        position.received += received
        if rest == 0:
            del self.held[pair]
            self.trades.append(
                {
                    "pair": pair, "entry": position.entry_hour, "exit": now, "quantity": position.sold,
                    "entry_price": position.price, "exit_price": position.sold_for / position.sold,
                    "pnl": position.received - position.spent, "cost": position.cost, "fee": position.fee,
                    "spread": position.spread, "reason": reason,
                    "return": HUNDRED * (position.received / position.spent - 1),
                }
            )  # fmt: skip
            self.guard.trades.append(self.trades[-1])

    def room(self, bar: dict[str, Decimal], filled: Decimal, *, opens: bool) -> Decimal | None:
        """Quote that may still be traded in the bar; None for no bound."""
        if self.rules.volume_share is None:
            return None
        volume = bar["quote_volume"]
        if volume is None:
            return Decimal(0) if opens else None
        return max(self.rules.volume_share * volume - filled, Decimal(0))

    def grid(self, price: Decimal, pair: str, rounding: str) -> Decimal:
        tick = self.steps[pair][2]
        return (price / tick).to_integral_value(rounding) * tick

    @staticmethod
    def offset(notional: Decimal, want: dict[str, Any], *, worst: bool = False) -> Decimal:
        """Average distance from mid, as a fraction, of walking the book's levels one by one."""
        spread, depth = (HUNDRED, Decimal(4)) if worst else (want["spread"], want["depth"])
        left, paid, level = notional, Decimal(0), 0
        while left > 0:
            taken = min(left, depth * min(level + 1, RAMP))
            paid += taken * level * LEVEL_STEP
            left, level = left - taken, level + 1
        distance = spread / 2 + (paid / notional if notional else Decimal(0))
        return min(distance / TEN_THOUSAND, Decimal(1))
