"""A search on a home: reads what was known before the training date, then searches."""

from datetime import date, datetime

from okx_core.models.search.space import space
from okx_services.research.search.search import Budget, Found, Report, needs_ranks, run_search
from okx_services.research.search.search_data import read_search_data
from resources.feature_store.store import FeatureStore

DEFAULT_ALGORITHMS = ("lightgbm", "xgboost", "ridge")


def search_home(
    store: FeatureStore,
    search: date,
    algorithms: tuple[str, ...],
    budget: Budget,
    now: datetime,
    report: Report = lambda *_: None,
) -> Found:
    """Search with what was known before `search`.

    Raises MemberError for an unknown algorithm or too short a history, IncompleteHistoryError, TooFewPairsError,
    FeatureStoreError, and SearchError while another run searches the same date.
    """
    space(algorithms)
    data = read_search_data(store, search, ranked=needs_ranks(algorithms))
    return run_search(store.database, data, search, algorithms, budget, now, report)
