"""The job that searches for a better member; its budget is set in the launchpad."""

from datetime import date

import dagster as dg

from okx_core.hours import week_start
from okx_services.research.search.run import DEFAULT_ALGORITHMS, search_home
from okx_services.research.search.search import Budget
from okx_services.research.trials import number_of_trials
from resources.dagster_resources import ExchangeResource, FeatureStoreResource


class SearchConfig(dg.Config):
    """Budget and space of a search. A run that was stopped goes on when it is launched again."""

    trials: int = 40
    minutes: float = 60.0
    algorithms: str = ",".join(DEFAULT_ALGORITHMS)
    until: str = ""  # training date, YYYY-MM-DD; empty: the week that has begun


@dg.op(description="Try member specifications in purged folds before the training date; each trial counts.")
def try_specifications(
    context: dg.OpExecutionContext,
    config: SearchConfig,
    feature_store: FeatureStoreResource,
    exchange: ExchangeResource,
) -> None:
    """Searches; the log has a line for each trial."""
    now = exchange.open().now()
    search = date.fromisoformat(config.until) if config.until else week_start(now).date()
    store = feature_store.open()
    found = search_home(
        store, search, tuple(name.strip() for name in config.algorithms.split(",")),
        Budget(config.trials, config.minutes), now,
        lambda words, done, total: context.log.info(f"{done} of {total}: {words}"),
    )  # fmt: skip
    winner = "none, no trial has a positive score" if found.winner is None else found.winner.name
    context.add_output_metadata(
        {
            "trials_of_the_search": len(found.trials),
            "trials_of_this_run": found.added,
            "member_found": winner,
            "variants_counted": number_of_trials(store.database),
        }
    )


@dg.job(
    description="Search for a better member: algorithm, target, horizon, history, features, size of the fit. Set the "
    "budget in the launchpad. The best becomes a member that scores in shadow and trades nothing.",
    tags={"dagster/max_runtime": "86400", "dagster/max_retries": "0"},
)
def search_members() -> None:
    """One search within its budget."""
    try_specifications()
