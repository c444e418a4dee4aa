"""Checks of the trading tables: the rows that break each rule."""

from resources.postgres.database import Database
from resources.postgres.queries import query

Rows = list[dict[str, object]]


def duplicate_orders(database: Database) -> Rows:
    """Decisions (hour and pair) with more than one accepted order."""
    return database.rows(
        "select signal_hour, pair, count(*) as orders from trading.intents "
        "where state = 'accepted' group by 1, 2 having count(*) > 1"
    )


def fills_without_order(database: Database) -> Rows:
    """Fills whose order is not stored."""
    return database.rows(query("fills_without_order"))


def locked_positions(database: Database) -> Rows:
    """Positions that disagree with the balance at the exchange."""
    return database.rows("select pair, rejection_reason from trading.positions where locked")
