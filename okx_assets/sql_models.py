"""One asset per SQL file of dbt_like_sql/, and one check per file of its checks/."""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from okx_assets import tables
from okx_assets.keys import EVERY, key_of
from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, SQL_KINDS, describe, written
from resources.dagster_resources import DatabaseResource
from resources.postgres.database import Database
from resources.postgres.sql_models import SqlCheck, SqlModel, load_checks, load_models
from resources.postgres.table_dictionary import build_view

EVERYTHING = (datetime(2010, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def _outcome(check: SqlCheck, offending: list[dict[str, object]]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=check.name,
        asset_key=dg.AssetKey(check.asset),
        passed=not offending,
        severity=dg.AssetCheckSeverity.ERROR if check.is_error else dg.AssetCheckSeverity.WARN,
        metadata={"offending_rows": str(offending[:5])},
    )


def _specs(checks: Sequence[SqlCheck]) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            check.name, asset=check.asset, description=check.description, blocking=check.is_error
        )
        for check in checks
    ]


def _own_checks(model: SqlModel, checks: Sequence[SqlCheck]) -> list[SqlCheck]:
    """The tests of its header, and the files of checks/ that name its asset."""
    return [*model.tests, *(check for check in checks if check.asset == tuple(model.table.split(".")))]


def _dependencies(model: SqlModel) -> list[dg.AssetKey]:
    """The assets it reads; bookkeeping tables are no assets."""
    return [key_of(table) for table in model.reads if key_of(table) in EVERY]


def _column_lineage(model: SqlModel, database: Database) -> dict[str, dg.TableColumnLineage]:
    """Which columns of which assets each column is made from, as the UI shows it."""
    dependencies = {
        column: [dg.TableColumnDep(key_of(table), name) for table, name in sources if key_of(table) in EVERY]
        for column, sources in model.lineage(database).items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(dependencies)}


def _sample(model: SqlModel) -> dg.MetadataValue:
    """A query for the newest rows."""
    return tables.sql(f"select * from {model.table}\norder by timestamp_utc desc limit 20")  # noqa: S608


def _table_asset(model: SqlModel, checks: Sequence[SqlCheck]) -> dg.AssetsDefinition:
    own = _own_checks(model, checks)

    @dg.asset(
        key=key_of(model.table),
        description=f"{model.description} Grain: {model.grain}.",
        partitions_def=HOURLY,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=_dependencies(model),
        group_name="market",
        owners=OWNERS,
        kinds=SQL_KINDS,
        metadata=describe(model.table),
        check_specs=_specs(own),
    )
    def build(context: dg.AssetExecutionContext, database: DatabaseResource) -> dg.MaterializeResult:
        start, end = window_of(context)
        store = database.open()
        rows = model.build_window(store, start, end)
        window = model.bucket_window(start, end)
        results = [_outcome(check, check.offending(store, *window)) for check in own]
        return dg.MaterializeResult(
            metadata=tables.of_newest(
                context,
                {
                    **written(rows, window=f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"),
                    "sql": _sample(model),
                    **_column_lineage(model, store),
                },
            ),
            check_results=results,
        )

    return build


def _view_asset(model: SqlModel, checks: Sequence[SqlCheck]) -> dg.AssetsDefinition:
    own = _own_checks(model, checks)

    @dg.asset(
        key=key_of(model.table),
        description=f"{model.description} Grain: {model.grain}.",
        deps=_dependencies(model),
        group_name="marts",
        owners=OWNERS,
        kinds=SQL_KINDS,
        metadata=describe(model.table),
        check_specs=_specs(own),
    )
    def build(database: DatabaseResource) -> dg.MaterializeResult:
        store = database.open()
        build_view(store, model)
        rows = store.scalar(f"select count(*) from {model.table}")  # noqa: S608
        results = [_outcome(check, check.offending(store, *EVERYTHING)) for check in own]
        return dg.MaterializeResult(
            metadata={**written(rows), "sql": _sample(model), **_column_lineage(model, store)},
            check_results=results,
        )

    return build


def _range_check(check: SqlCheck) -> dg.AssetChecksDefinition:
    """A check on an asset that Python makes; it looks at the window of the run it is part of."""

    @dg.asset_check(
        asset=dg.AssetKey(check.asset),
        name=check.name,
        description=check.description,
        blocking=check.is_error,
    )
    def evaluate(context: dg.AssetCheckExecutionContext, database: DatabaseResource) -> dg.AssetCheckResult:
        if context.has_partition_key or context.has_partition_key_range:
            window = context.partition_time_window
            bounds = (window.start, window.end)
        else:  # run alone, from the UI's button: look at everything
            bounds = EVERYTHING
        return _outcome(check, check.offending(database.open(), *bounds))

    return evaluate


def sql_assets() -> list[dg.AssetsDefinition]:
    """Every SQL model as an asset."""
    checks = load_checks()
    return [
        _view_asset(model, checks) if model.is_view else _table_asset(model, checks)
        for model in load_models()
    ]


def sql_checks() -> list[dg.AssetChecksDefinition]:
    """SQL checks on assets that are not SQL models."""
    tables = {tuple(model.table.split(".")) for model in load_models()}
    return [_range_check(check) for check in load_checks() if check.asset not in tables]
