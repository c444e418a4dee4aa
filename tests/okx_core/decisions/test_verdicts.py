"""Protections asked from tables, as a trader asks them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.protections import DEFAULT_PROTECTIONS, Protections
from okx_core.decisions.verdicts import verdicts

HOUR = timedelta(hours=1)
NOW = datetime(2024, 1, 10, 12, 30, tzinfo=UTC)
PAIRS = ("AAA-USDT", "BBB-USDT")
NO_EQUITY = pd.Series(dtype=float)


def closed(*rows: tuple[str, float, float, str]) -> pd.DataFrame:
    """Pair, hours before NOW, return and reason of closed trades."""
    frame = pd.DataFrame(rows, columns=["pair", "ago", "return_pct", "exit_reason"])
    exits = [NOW - ago * HOUR for ago in frame.pop("ago")]
    return frame.assign(exit_time=exits, entry_time=[when - 100 * HOUR for when in exits])


def marks(*values: float) -> pd.Series:
    """Equity of each hour, the last at 12:00."""
    end = NOW.replace(minute=0)
    return pd.Series(values, index=pd.DatetimeIndex([end - ago * HOUR for ago in range(len(values))][::-1]))


@pytest.mark.parametrize(
    ("protections", "trades", "equity", "words"),
    [
        ({"cooldown_hours": 4}, [("AAA-USDT", 3.5, 1.0, "target")], NO_EQUITY,
         "cooldown: the pair was sold less than 4 h ago; no entry before 2024-01-10 13:00 UTC"),
        ({"max_drawdown_pct": 8.0}, [], marks(100.0, 91.0),
         "max_drawdown: equity fell more than 8.0 % below its highest of 168 h; no entry before 2024-01-11 12:00 UTC"),
        ({"daily_loss_pct": 8.0}, [], marks(100.0, 91.0),
         "daily_loss: equity fell more than 8.0 % in the UTC day; no entry before 2024-01-11 00:00 UTC"),
        ({"stop_guard_stops": 2}, [("AAA-USDT", 2, -1.0, "stop"), ("BBB-USDT", 1, -1.0, "trailing")], NO_EQUITY,
         "stop_guard: at least 2 losing stops of all pairs within 24 h; no entry before 2024-01-10 23:30 UTC"),
        ({"stop_guard_pair_stops": 1}, [("AAA-USDT", 2, -1.0, "stop")], NO_EQUITY,
         "pair_stop_guard: at least 1 losing stops of the pair within 24 h; no entry before 2024-01-10 22:30 UTC"),
        ({"consecutive_losses": 2}, [("BBB-USDT", 2, -1.0, "prediction"), ("CCC-USDT", 1, -1.0, "by hand")], NO_EQUITY,
         "consecutive_losses: at least 2 trades in a row lost; no entry before 2024-01-10 23:30 UTC"),
        ({"min_pair_profit_pct": 0.0, "pair_profit_trades": 1}, [("AAA-USDT", 2, -1.0, "prediction")], NO_EQUITY,
         "low_profit: the pair's trades of 168 h returned less than 0.0 %; no entry before 2024-01-13 10:30 UTC"),
    ],
)  # fmt: skip
def test_the_first_reason_is_given_in_words_and_ends_when_the_pause_does(
    protections: dict[str, float], trades: list, equity: pd.Series, words: str
) -> None:
    rules = Protections(**protections)  # type: ignore[arg-type]
    found = verdicts(closed(*trades), equity, NOW, PAIRS, rules)
    assert found["AAA-USDT"] == words
    until = datetime.strptime(words[-20:-4], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert verdicts(closed(*trades), equity, until, PAIRS, rules) == dict.fromkeys(PAIRS, "")


def test_entries_of_the_day_are_those_of_open_and_of_closed_positions() -> None:
    trades = closed(("AAA-USDT", 1, 1.0, "target"), ("BBB-USDT", 2, 1.0, "target"))
    trades["entry_time"] = [NOW - 3 * HOUR, NOW - 13 * HOUR]  # one today, one yesterday
    rules = Protections(daily_trades=2)
    assert verdicts(trades, NO_EQUITY, NOW, PAIRS, rules)["AAA-USDT"] == ""
    found = verdicts(trades, NO_EQUITY, NOW, PAIRS, rules, entered=[NOW - HOUR])
    assert found["BBB-USDT"].startswith("daily_trades: the 2 entries of the UTC day are used up")


def test_without_a_history_nothing_is_refused() -> None:
    found = verdicts(closed(), NO_EQUITY, NOW, PAIRS, DEFAULT_PROTECTIONS)
    assert found == dict.fromkeys(PAIRS, "")
    assert verdicts(closed(), marks(np.nan, np.nan), NOW, PAIRS, DEFAULT_PROTECTIONS) == found


def test_what_came_after_the_moment_is_left_out() -> None:
    trades = closed(("AAA-USDT", 1, -30.0, "stop"), ("AAA-USDT", 2, -30.0, "stop"))
    equity = marks(100.0, 99.0, 60.0)
    before = NOW - 2.2 * HOUR
    assert verdicts(trades, equity, before, PAIRS, DEFAULT_PROTECTIONS) == dict.fromkeys(PAIRS, "")
    assert all(verdicts(trades, equity, NOW, PAIRS, DEFAULT_PROTECTIONS).values())


def test_rows_may_come_in_any_order() -> None:
    rows = [("AAA-USDT", 9, -1.0, "stop"), ("AAA-USDT", 5, 2.0, "target"), ("AAA-USDT", 1, -1.0, "stop")]
    rules = Protections(consecutive_losses=2, stop_guard_pair_stops=2)
    one, two = (
        verdicts(closed(*order), NO_EQUITY, NOW, PAIRS, rules) for order in (rows, [rows[2], *rows[:2]])
    )
    assert one == two
    assert one["AAA-USDT"].startswith("pair_stop_guard")
