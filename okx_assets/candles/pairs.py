"""Whose candles are wanted."""

from datetime import datetime, timedelta

from resources.database import Database


def live_pairs(database: Database, start: datetime, end: datetime) -> list[str]:
    """Live pairs of the universe on a day of the window, or on the last known day before it.

    Pairs that are too thin to trade are kept too: ranks and breadth need the whole market.
    """
    rows = database.rows(
        "select distinct pair from market.universe where state = 'live' and day < $2 and day >= "
        "coalesce((select max(day) from market.universe where day <= $1), $1) order by pair",
        (start.date(), (end + timedelta(hours=23)).date()),
    )
    return [row["pair"] for row in rows]
