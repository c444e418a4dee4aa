"""Protections a second time, as plain Python: every question is answered from the whole history.

Written from what `Protections` says, without its code: no state is carried from hour to hour.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

DAY = 24
STOPS = ("stop", "break_even", "trailing")


@dataclass
class Guard:
    """`rules` are the fields of Protections by name, as numbers or None. Trades are in the order of their exits."""

    rules: dict[str, Any]
    trades: list[dict[str, Any]] = field(default_factory=list)
    marks: list[tuple[int, Decimal]] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)

    def reason(self, pair: str, now: int) -> str:
        """The first protection that refuses the pair, empty for none."""
        tried = {
            "max_drawdown": self.drawdown, "daily_loss": self.daily_loss, "daily_trades": self.daily_trades,
            "consecutive_losses": self.losses, "stop_guard": self.stops, "pair_stop_guard": self.pair_stops,
            "low_profit": self.low_profit, "cooldown": self.cooldown,
        }  # fmt: skip
        return next((name for name, holds in tried.items() if holds(pair, now)), "")

    def refuses(self, pair: str, now: int) -> bool:
        """Whether a protection refuses the pair; counts which."""
        reason = self.reason(pair, now)
        if reason:
            self.count(reason)
        return bool(reason)

    def count(self, reason: str) -> None:
        self.refused[reason] = self.refused.get(reason, 0) + 1

    def entries_left(self, now: int) -> int | None:
        """Entries that the day has left, None for no bound."""
        most = self.rules["daily_trades"]
        return None if most is None else max(0, most - self.entries_of_day(now))

    def entries_of_day(self, now: int) -> int:
        return sum(hour // DAY == now // DAY for hour in self.entries)

    def recent(self, now: int, pause: str) -> list[tuple[int, dict[str, Any]]]:
        """Trades whose exit can still pause entries, with their places."""
        return [
            (place, one) for place, one in enumerate(self.trades) if now < one["exit"] + self.rules[pause]
        ]

    def until(self, place: int, hours: int) -> list[dict[str, Any]]:
        """The trade at a place and those of the hours before it."""
        end = self.trades[place]["exit"]
        return [one for one in self.trades[: place + 1] if one["exit"] > end - hours]

    def drawdown(self, _pair: str, now: int) -> bool:
        limit = self.rules["max_drawdown_pct"]
        for hour, worth in [] if limit is None else self.marks:
            if now < hour + self.rules["drawdown_pause_hours"]:
                window = range(hour - self.rules["drawdown_hours"], hour + 1)
                highest = max(value for when, value in self.marks if when in window)
                if 100 * (1 - worth / highest) > limit:
                    return True
        return False

    def daily_loss(self, _pair: str, now: int) -> bool:
        limit = self.rules["daily_loss_pct"]
        day = [worth for hour, worth in self.marks if hour // DAY == now // DAY]
        return limit is not None and any(100 * (1 - worth / day[0]) > limit for worth in day)

    def daily_trades(self, _pair: str, now: int) -> bool:
        return self.entries_left(now) == 0

    def losses(self, _pair: str, now: int) -> bool:
        most = self.rules["consecutive_losses"]
        if most is None:
            return False
        rows = [self.trades[: place + 1][-most:] for place, _ in self.recent(now, "losses_pause_hours")]
        return any(len(row) == most and all(one["return"] < 0 for one in row) for row in rows)

    def stops(self, _pair: str, now: int, of: str | None = None) -> bool:
        most = self.rules["stop_guard_stops" if of is None else "stop_guard_pair_stops"]
        for place, last in self.recent(now, "stop_guard_pause_hours"):
            stops = [
                one for one in self.until(place, self.rules["stop_guard_hours"])
                if one["reason"] in STOPS and one["return"] < 0 and of in (None, one["pair"])
            ]  # fmt: skip
            if most is not None and len(stops) >= most and last in stops:
                return True
        return False

    def pair_stops(self, pair: str, now: int) -> bool:
        return self.stops(pair, now, of=pair)

    def low_profit(self, pair: str, now: int) -> bool:
        least = self.rules["min_pair_profit_pct"]
        for place, last in self.recent(now, "pair_profit_pause_hours"):
            returns = [
                one["return"]
                for one in self.until(place, self.rules["pair_profit_hours"])
                if one["pair"] == pair
            ]
            enough = last["pair"] == pair and len(returns) >= self.rules["pair_profit_trades"]
            if least is not None and enough and sum(returns) < least:
                return True
        return False

    def cooldown(self, pair: str, now: int) -> bool:
        hours = self.rules["cooldown_hours"]
        return hours is not None and any(
            one["pair"] == pair and now < one["exit"] + hours for one in self.trades
        )
