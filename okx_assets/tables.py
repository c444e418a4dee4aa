"""Metadata of each table in Dagster: columns with their meaning, rows and owner."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from okx_core.contracts import CONTRACTS
from okx_services.reports.figures import png_uri
from okx_services.reports.markdown import image, sql_block
from okx_services.reports.models import version_table
from okx_services.research.members import Trained
from resources.postgres.table_dictionary import table_dictionary
from resources.registry.tracking import Tracking, member_model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OWNERS = ["team:research"]
SQL_KINDS = {"postgres", "sql"}
PYTHON_KINDS = {"python", "postgres"}
STORE_KINDS = {"python", "parquet", "postgres"}
DIGITS = 4


def describe(table: str) -> dict[str, Any]:
    """Definition metadata of an asset: its table and every column with type, meaning and whether it may be NULL."""
    columns = table_dictionary()[table].columns.values()
    rules = (
        {name: column.rules() for name, column in CONTRACTS[table].columns.items()}
        if table in CONTRACTS
        else {}
    )
    return {
        "dagster/table_name": table,
        "dagster/column_schema": dg.TableSchema(
            [
                dg.TableColumn(
                    column.name,
                    column.type,
                    column.description,
                    dg.TableColumnConstraints(
                        nullable=column.nullable, other=list(rules.get(column.name, ()))
                    ),
                )
                for column in columns
            ]
        ),
    }


def written(rows: int, **facts: object) -> dict[str, Any]:
    """Materialisation metadata: how many rows, and the facts of this run."""
    return {"dagster/row_count": rows, **facts}


def of_newest(context: dg.AssetExecutionContext, facts: dict[str, Any]) -> dict[str, Any]:
    """The metadata that every partition of this run gets: all of it, or nothing where the run has several.

    Dagster keeps a copy of it for each partition, and what is said is of the run as a whole: then the newest partition
    alone gets it.
    """
    if not context.has_partition_key_range or len(context.partition_keys) == 1:
        return facts
    context.add_asset_metadata(facts, asset_key=context.asset_key, partition_key=context.partition_keys[-1])
    return {}


def text(markdown: str, empty: str = "none") -> dg.MetadataValue:
    """Markdown; the words of `empty` when there is nothing to show."""
    return dg.MetadataValue.md(markdown or empty)


def plot(title: str, figure: "Figure") -> dg.MetadataValue:
    """The figure as an inline image."""
    return dg.MetadataValue.md(image(title, png_uri(figure)))


def sql(statement: str) -> dg.MetadataValue:
    """A query to copy into psql."""
    return dg.MetadataValue.md(sql_block(statement))


def url(address: str) -> dg.MetadataValue:
    """A link."""
    return dg.MetadataValue.url(address)


def numbers(values: Mapping[str, Any]) -> dict[str, dg.MetadataValue]:
    """Numbers that the page plots over time, rounded for people; an unknown one is left out."""
    return {
        name: dg.MetadataValue.float(round(float(value), DIGITS))
        for name, value in values.items()
        if _is_known(value)
    }


def _is_known(value: Any) -> bool:
    return value is not None and value == value  # NaN is the value that differs from itself


def version_links(registry: Tracking, versions: Mapping[int, str]) -> dg.MetadataValue:
    """The MLflow page of each version, with a few words about it."""
    lines = [
        f"- [version {version}]({registry.version_url(version)}) {words}".rstrip()
        for version, words in versions.items()
    ]
    return text("\n".join(lines))


def made(done: Trained, page: Callable[[int, str], str]) -> dict[str, object]:
    """What a run of training shows."""
    rows = [
        (f"[{name} v{version}]({page(version, member_model(name))})", f"{week}")
        for name, week, version in done.versions
    ]
    return {
        "versions": text(version_table(rows), "none was due"),
        "predicted_rows": sum(done.predicted.values()),
        "left_out": text("\n".join(f"- {reason}" for reason in done.left_out)),
    }
