"""Where the time grids of the Dagster UI begin: on the first day that the home has materialised.

Only the code server gets it. Commands keep the default grid, so `okxsignal backfill --from` can go back further; the
next `okxsignal up` then begins there. A fresh home has the default grid too, for a backfill in the UI.
"""

from dataclasses import replace
from datetime import datetime

import dagster as dg

from okx_assets import keys
from okx_jobs.dagster_jobs.hour_ranges import DAY_FORMAT
from okx_jobs.stack.processes import Service
from okx_jobs.stack.programs import CODE_SERVER
from resources.config.declarations import variable_of
from resources.config.settings import Settings

ROOTS = (
    keys.UNIVERSE,
    keys.CANDLES_1H,
    keys.CANDLES_15M,
)  # every other asset with partitions depends on them
DAY_LENGTH = len("2020-01-01")


def first_materialised_day(instance: dg.DagsterInstance) -> datetime | None:
    """The oldest day of a materialised partition, None in a fresh home."""
    # Keys of days and of hours begin with the day, so the least text is the oldest.
    oldest = [min(known) for root in ROOTS if (known := instance.get_materialized_partitions(root))]
    return datetime.strptime(min(oldest)[:DAY_LENGTH], DAY_FORMAT) if oldest else None


def with_time_grid(
    services: list[Service], settings: Settings, instance: dg.DagsterInstance
) -> list[Service]:
    """The services, the code server with the first day of the home; a setting of the user wins."""
    first = first_materialised_day(instance)
    if first is None or settings.history_from is not None:
        return services
    grid = {variable_of("history_from"): f"{first:%Y-%m-%d}"}
    return [
        replace(service, variables={**service.variables, **grid}) if service.name == CODE_SERVER else service
        for service in services
    ]
