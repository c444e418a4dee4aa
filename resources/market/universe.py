"""Whose data are wanted: the pairs of market.universe."""

from datetime import datetime, timedelta

from resources.postgres.database import Database


def live_pairs(database: Database, start: datetime, end: datetime) -> list[str]:
    """Live pairs of the universe on a day of the window, or on the last known day before it.

    Pairs that are too thin to trade are kept too: ranks and breadth need the whole market.
    """
    return _pairs(database, "state = 'live'", start, end)


def enabled_pairs(database: Database, start: datetime, end: datetime) -> list[str]:
    """Pairs that may be traded on a day of the window, or on the last known day before it."""
    return _pairs(database, "enabled", start, end)


def _pairs(database: Database, condition: str, start: datetime, end: datetime) -> list[str]:
    rows = database.rows(
        f"select distinct pair from market.universe where {condition} and day < $2 and day >= "  # noqa: S608
        "coalesce((select max(day) from market.universe where day <= $1), $1) order by pair",
        (start.date(), (end + timedelta(hours=23)).date()),
    )
    return [row["pair"] for row in rows]
