"""The candles of a stretch of hours as the feature code reads them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from okx_core.features.candle_set import MEMORY, CandleSet
from okx_core.features.registry import candle_columns
from okx_core.features.timeframes import TIMEFRAMES, history_start
from resources.postgres.database import Database
from resources.postgres.queries import query


def candle_set(
    database: Database, start: datetime, end: datetime, pairs: Sequence[str] | None = None
) -> CandleSet:
    """Every candle, the universe and the funding that feature rows of [start, end) depend on, as stored now.

    Of each timeframe only the values that some feature reads; `pairs` leaves out all others.
    """
    among = "" if pairs is None else "and pair in (select unnest(string_to_array($3, ',')))"
    chosen = () if pairs is None else (",".join(pairs),)
    candles = [
        (
            f"select pair, timestamp_utc, {', '.join(candle_columns(timeframe))} "  # noqa: S608
            f"from market.candles_{timeframe} where timestamp_utc >= $1 and timestamp_utc < $2 {among}",
            (history_start(start, timeframe), end, *chosen),
        )
        for timeframe in TIMEFRAMES
    ]
    days = (history_start(start, "1h").date(), end.date() + timedelta(days=1))
    members = ("select day, pair, enabled from market.universe where day >= $1 and day < $2", days)
    paid = (query("funding_times"), (start - MEMORY, end, None if pairs is None else ",".join(pairs)))
    *frames, universe, funding = database.frames([*candles, members, paid])
    return CandleSet(dict(zip(TIMEFRAMES, frames, strict=True)), universe, funding)


def largest_pairs(database: Database, start: datetime, end: datetime, count: int) -> list[str]:
    """The so many pairs that turned over most in [start, end)."""
    rows = database.rows(
        "select pair from market.candles_1h where timestamp_utc >= $1 and timestamp_utc < $2 "
        "group by pair order by sum(coalesce(quote_volume, volume * close)) desc nulls last, pair limit $3",
        (start, end, count),
    )
    return [row["pair"] for row in rows]
