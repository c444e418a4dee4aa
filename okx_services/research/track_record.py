"""The record of some members as the gate sees it: their stored predictions beside what came true."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from okx_core.models.algorithms.baselines import VOLATILITY
from okx_core.models.champions.record import TrackRecord, track_record
from okx_core.models.panel import hour_number
from okx_core.models.ranks import Floats
from okx_services.research.predictions import stored
from okx_services.research.prices import laid, read_closes
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_rows import FEATURES


def midnight(day: date) -> datetime:
    """The beginning of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def read_record(
    store: FeatureStore, members: Sequence[str], until: datetime, further: Sequence[date] = ()
) -> TrackRecord | None:
    """The record of all hours before `until`; None while no member has a version.

    Weights and calibration are renewed at the training dates of the members, and at the dates of `further`.
    """
    database = store.database
    weeks = database.rows(
        "select distinct week from ml.model_versions where member = any($1) "
        "union select week from ml.signal_versions where members ?& $1 order by week",
        (list(members),),
    )
    dates = sorted({row["week"] for row in weeks} | set(further))
    dates = [day for day in dates if midnight(day) <= until]
    if not weeks or not dates:
        return None
    start = midnight(dates[0])
    rows = {name: stored(store, name, start, until) for name in members}
    pairs = tuple(sorted({str(pair) for frame in rows.values() for pair in frame["pair"].unique()}))
    first = hour_number(pd.Timestamp(start))
    return track_record(
        pairs,
        first,
        tuple(hour_number(pd.Timestamp(midnight(day))) - first for day in dates),
        {name: laid(frame, "score", pairs, start, until) for name, frame in rows.items()},
        read_closes(store, pairs, start, until),
        read_volatility(store, pairs, start, until),
    )


def read_volatility(store: FeatureStore, pairs: tuple[str, ...], start: datetime, end: datetime) -> Floats:
    """The volatility that correlation is made neutral of, as a grid [hours, pairs]."""
    if not store.files(FEATURES, start, end):
        return np.full(
            (hour_number(pd.Timestamp(end)) - hour_number(pd.Timestamp(start)), len(pairs)), np.nan
        )
    return laid(store.frame(FEATURES, start, end, columns=[VOLATILITY]), VOLATILITY, pairs, start, end)


def place_of(record: TrackRecord, moment: datetime) -> int:
    """The place of an hour in the grids of the record."""
    return hour_number(pd.Timestamp(moment)) - record.first_hour
