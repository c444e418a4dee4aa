"""What a search reads of the home: everything before its training date, and nothing after."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from okx_core.features.registry import model_feature_names
from okx_core.models.members import MemberSpec
from okx_core.models.panel import hour_number
from okx_core.models.search.folds import EVERY_HOURS, SearchData, ValidationRows
from okx_services.research.member_training import SCHEDULE, History, load_history
from okx_services.research.track_record import read_volatility
from resources.feature_store.store import FeatureStore
from resources.feature_store.training_rows import feature_rows

GRID_HOURS = MemberSpec("any").grid_hours


def read_search_data(
    store: FeatureStore, search: date, *, ranked: bool, names: tuple[str, ...] | None = None
) -> SearchData:
    """Features and closes before the training date of the search.

    Raises IncompleteHistoryError, TooFewPairsError, FeatureStoreError. `ranked`: a member that takes ranks is searched.
    """
    end = datetime(search.year, search.month, search.day, tzinfo=UTC)
    names = model_feature_names() if names is None else names
    kinds = [MemberSpec("any", "ridge" if ranked else "lightgbm", "breakout", horizon_hours=24)]
    history = load_history(store, kinds, end, names)
    first = datetime.fromtimestamp(history.first_hour * 3600, UTC)
    return SearchData(
        history.thinned[GRID_HOURS], _validation_rows(store, history, names, first, end), history.prices,
        read_volatility(store, history.pairs, first, end), SCHEDULE,
    )  # fmt: skip


def _validation_rows(
    store: FeatureStore, history: History, names: Sequence[str], first: datetime, end: datetime
) -> ValidationRows:
    hours, places, values = [], [], []
    index = pd.Index(history.pairs)
    for _, rows in feature_rows(store, names, first, end):
        kept = np.flatnonzero(rows.hours % EVERY_HOURS == 0)
        hours.append(rows.hours[kept] - hour_number(pd.Timestamp(first)))
        places.append(index.get_indexer(pd.Index(rows.pairs[kept])).astype(np.int64))
        values.append(rows.matrix[kept])
    hour, pair, matrix = np.concatenate(hours), np.concatenate(places), np.concatenate(values)
    inside = pair >= 0  # a pair without a thinned row has too short a history
    return ValidationRows(tuple(names), hour[inside], pair[inside], matrix[inside])
