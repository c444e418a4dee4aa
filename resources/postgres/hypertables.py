"""Candle tables as TimescaleDB hypertables, where the server offers the extension; plain tables elsewhere.

The embedded server does not offer it, so this is tested against a fake that records statements, not a real TimescaleDB.
"""

from contextlib import suppress

import psycopg

from resources.postgres.database import Database

CANDLE_TABLES = ("market.candles_1h", "market.candles_15m")


def make_hypertables(database: Database) -> list[str]:
    """Turn the candle tables into hypertables of monthly chunks, once; the tables that are hypertables now.

    A server that lists the extension but does not let this user create it keeps its plain tables.
    """
    offered = database.rows(
        "select installed_version from pg_available_extensions where name = 'timescaledb'"
    )
    if not offered:
        return []
    if offered[0]["installed_version"] is None:
        with suppress(psycopg.Error):
            database.execute("create extension if not exists timescaledb")
        if database.scalar("select 1 from pg_extension where extname = 'timescaledb'") is None:
            return []
    for table in CANDLE_TABLES:
        database.execute(
            "select create_hypertable($1::regclass, by_range('timestamp_utc', interval '1 month'), "
            "migrate_data => true, if_not_exists => true)",
            (table,),
        )
    return list(CANDLE_TABLES)
