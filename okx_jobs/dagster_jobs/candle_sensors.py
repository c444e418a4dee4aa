"""Sensors on candles: gaps whose next attempt is due, bars that came late or were revised."""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg

from okx_assets import keys
from okx_assets.keys import table_of
from okx_jobs.dagster_jobs import jobs
from okx_jobs.dagster_jobs.gap_repair import repair_gaps
from okx_jobs.dagster_jobs.hour_ranges import backfill_request, hour_of
from okx_jobs.dagster_jobs.schedules import sensor_default
from okx_services.ingest.dependent_hours import dependent_hours
from resources.config.settings import load_settings
from resources.market.candle_store import TABLES, CandleStore
from resources.market.gap_ledger import due_gaps
from resources.stores import open_database, open_exchange

DEPENDENTS = (
    (keys.FEATURES_1H, jobs.refresh_derived),
    (keys.LABELS_1D, jobs.label_1d),
    (keys.LABELS_2W, jobs.label_2w),
)


def candle_sensors() -> list[dg.SensorDefinition]:
    """The sensors that keep candles, and what rests on them, whole."""

    @dg.sensor(
        job=repair_gaps,
        minimum_interval_seconds=60,
        default_status=sensor_default(),
        description="Every minute: ask the exchange again for missing candles whose next attempt is due.",
    )
    def open_gaps() -> dg.RunRequest | dg.SkipReason:
        """Ask again for missing bars as soon as an attempt is due."""
        settings = load_settings()
        now, database = open_exchange(settings.exchange).now(), open_database(settings.database)
        due = due_gaps(database, now)
        if not due:
            return dg.SkipReason("no gap is due")
        return dg.RunRequest(run_key=f"{now:%Y-%m-%dT%H:%M}")

    @dg.sensor(
        jobs=[jobs.refresh_derived, jobs.label_1d, jobs.label_2w],
        minimum_interval_seconds=120,
        default_status=sensor_default(),
        description="Every 2 minutes: recompute features and labels of candles that came late or were revised. "
        "Signals stay as decided.",
    )
    def changed_candles(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        """Recompute what rests on candles that came late or were revised since the last look."""
        settings = load_settings()
        database, now = open_database(settings.database), open_exchange(settings.exchange).now()
        since = datetime.fromisoformat(context.cursor) if context.cursor else now
        changed = {bar: CandleStore(database, bar).changed_between(since, now) for bar in TABLES}
        context.update_cursor(now.isoformat())
        if not any(changed.values()):
            yield dg.SkipReason("no candle came late or was revised")
            return
        for asset, job in DEPENDENTS:
            windows = [
                window
                for bar, span in changed.items()
                if span is not None and (window := dependent_hours(table_of(asset), *span, bar))
            ]
            done = sorted(
                hour
                for hour in context.instance.get_materialized_partitions(asset)
                if any(first <= hour_of(hour) < end for first, end in windows)
            )
            if done:
                yield backfill_request(job.name, hour_of(done[0]), hour_of(done[-1]), now)

    return [open_gaps, changed_candles]
