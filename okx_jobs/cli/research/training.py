"""`okxsignal train`: every week of the stored history that was not trained yet, and who may trade."""

from datetime import datetime

from rich.console import Console

from okx_assets.partitions import WEEKLY
from okx_core.hours import MIN_HISTORY_WEEKS, RECORD, WEEK, week_start
from okx_jobs.cli.research.models import print_decision
from okx_jobs.dagster_jobs.hour_ranges import DAY_FORMAT
from okx_jobs.runs.market_choice import RequestError
from okx_jobs.runs.progress import shown_steps
from okx_jobs.runs.runner import Pipeline, quiet_instance
from okx_jobs.runs.training import train_missing
from okx_jobs.stack import services
from okx_services.research.member_training import first_trainable
from okx_services.research.track_record import midnight
from okx_services.research.trials import number_of_trials
from resources.config.settings import Settings
from resources.stores import open_database, open_exchange, open_feature_store


def run_training(settings: Settings, console: Console) -> None:
    """Train every week with enough history that was not trained yet, and say who may trade."""
    services.require_home(settings)
    with services.working_services(settings), quiet_instance(settings.home) as instance:
        services.wait_for_mlflow(settings)
        database = open_database(settings.database)
        first = first_trainable(open_feature_store(settings.database, settings.feature_store))
        now = open_exchange(settings.exchange).now()
        newest = week_start(now)
        if first is None or midnight(first) > newest:
            begins = (
                "there are no features" if first is None else f"the first week with enough history is {first}"
            )
            raise RequestError(
                f"{begins}: fetch more with `okxsignal backfill --from`. The first model needs {MIN_HISTORY_WEEKS} "
                f"weeks before it, and {RECORD // WEEK} weeks later something may trade"
            )
        with shown_steps(console) as steps:
            train_missing(Pipeline(instance), steps, _weeks(max(midnight(first), WEEKLY.start), newest))
        decision = database.rows("select * from ml.champions order by week desc limit 1")[0]
        print_decision(decision, number_of_trials(database), console)


def _weeks(first: datetime, newest: datetime) -> list[str]:
    """Partition keys of the weeks from the first to the newest."""
    return [(first + number * WEEK).strftime(DAY_FORMAT) for number in range((newest - first) // WEEK + 1)]
