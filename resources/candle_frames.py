"""The candles of a stretch of hours as the feature code reads them."""

from datetime import datetime, timedelta

from okx_core.features.candle_set import CandleSet
from okx_core.features.timeframes import TIMEFRAMES, history_start
from resources.database import Database

COLUMNS = "pair, timestamp_utc, open, high, low, close, volume, quote_volume, taker_buy_base"


def candle_set(database: Database, start: datetime, end: datetime) -> CandleSet:
    """Every candle, and the universe, that feature rows of [start, end) depend on, as stored now."""
    frames = {
        timeframe: database.frame(
            f"select {COLUMNS} from market.candles_{timeframe} where timestamp_utc >= $1 and timestamp_utc < $2",  # noqa: S608
            (history_start(start, timeframe), end),
        )
        for timeframe in TIMEFRAMES
    }
    universe = database.frame(
        "select day, pair, enabled from market.universe where day >= $1 and day < $2",
        (history_start(start, "1h").date(), end.date() + timedelta(days=1)),
    )
    return CandleSet(frames, universe)
