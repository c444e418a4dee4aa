"""Metadata of each table in Dagster: columns with their meaning, rows and owner."""

from typing import Any

import dagster as dg

from okx_core.contracts import CONTRACTS
from resources.postgres.table_dictionary import table_dictionary

OWNERS = ["team:research"]
SQL_KINDS = {"postgres", "sql"}
PYTHON_KINDS = {"python", "postgres"}
STORE_KINDS = {"python", "parquet", "postgres"}


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
