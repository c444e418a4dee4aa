"""What an order costs, as it was known when an hour was decided: the account's fee, the book, the learned slippage."""

from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.decisions.costs import LEARNED, with_books
from okx_core.decisions.market_state import market_state
from okx_core.errors import OkxSignalError
from okx_core.hours import DAY
from okx_services.trading.account_fees import with_fees
from resources.postgres.database import Database
from resources.postgres.queries import query
from resources.registry.served_slippage import SLIPPAGE_MODEL, slippage_model_from
from resources.registry.tracking import Tracking


def with_costs(
    database: Database,
    rows: pd.DataFrame,
    state: pd.DataFrame,
    start: datetime,
    end: datetime,
    tracking: Tracking | None = None,
) -> pd.DataFrame:
    """Add fee and book to rows of [start, end) with pair, timestamp_utc and the columns of `market_state`.

    `state` are the market states of these hours and the day before. Where a slippage model is in charge of the week,
    its terms replace those of the book; one that cannot be loaded leaves the book.
    """
    with_book = books(database, rows, state, start, end)
    if tracking is not None:
        with_book = _with_learned(database, tracking, with_book)
    return with_fees(database, with_book)


def books(
    database: Database, rows: pd.DataFrame, state: pd.DataFrame, start: datetime, end: datetime
) -> pd.DataFrame:
    """Add the book of each row, from snapshots of the day before or from its turnover."""
    snapshots = database.frame(
        "select * from market.order_book_snapshots where timestamp_utc >= $1 and timestamp_utc < $2",
        (start - DAY, end),
    )
    return with_books(rows, snapshots, state)


def read_market_state(database: Database, start: datetime, end: datetime) -> pd.DataFrame:
    """`market_state` of the candles of [start, end), and of the day before, which it needs."""
    candles = database.frame(
        "select pair, timestamp_utc, high, low, close, volume, quote_volume from market.candles_1h "
        "where timestamp_utc >= $1 and timestamp_utc < $2 order by pair, timestamp_utc",
        (start - DAY, end),
    )
    return market_state(candles)


def _versions_at(decided: pd.DataFrame, hours: "pd.Series[pd.Timestamp]") -> NDArray[np.float64]:
    """The version in charge of each hour [rows], NaN where none is."""
    weeks = pd.to_datetime(decided["week"]).dt.tz_localize("UTC").astype(hours.dtype)
    place = np.searchsorted(weeks.to_numpy(), hours.to_numpy(), side="right") - 1
    versions = decided["model_version"].to_numpy(np.float64)[np.maximum(place, 0)]
    return np.where(place >= 0, versions, np.nan)


def _with_learned(database: Database, tracking: Tracking, rows: pd.DataFrame) -> pd.DataFrame:
    decided = database.frame(query("slippage_models_in_charge"))
    if decided.empty or rows.empty:
        return rows
    versions = _versions_at(decided, rows["timestamp_utc"])
    spread, depth = (
        rows[name].to_numpy(np.float64, copy=True) for name in ("book_spread_bps", "book_depth_quote")
    )
    source = rows["book_source"].to_numpy(dtype=object, copy=True)
    for version in np.unique(versions[~np.isnan(versions)]):
        try:
            model = slippage_model_from(tracking.files(SLIPPAGE_MODEL, int(version)))
        except OkxSignalError:
            continue  # the book stays, and book_source says so
        mine = np.flatnonzero(versions == version)
        learned = model.terms(rows.iloc[mine])
        known = ~np.isnan(learned[0]) & ~np.isnan(learned[1])
        spread[mine[known]], depth[mine[known]] = learned[0][known], learned[1][known]
        source[mine[known]] = LEARNED
    return rows.assign(
        book_spread_bps=spread, book_depth_quote=depth, book_source=pd.array(source, dtype="str")
    )
