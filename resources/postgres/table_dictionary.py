"""The table dictionary: every table and column with type and meaning, read from the SQL files.

The `comment on` statements of dbt_like_sql are the only place where a column's meaning is written. Columns of features
and labels are described by their declarations instead, columns of a view by the header of its file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import sqlglot
from sqlglot import exp

from okx_core.catalogue import GENERATED, feature_words, label_words
from resources.postgres.database import Database
from resources.postgres.migrations import SCHEMA_FILES, comment_columns
from resources.postgres.sql_models import SqlModel, load_models

REAL = "real"
EVERY_REGISTRY_COLUMN = "*"
# Spellings that PostgreSQL has for the types of the schema files.
SHORT_TYPES = {"double precision": "float8", "integer": "int", "boolean": "bool", "decimal": "numeric"}


@dataclass(frozen=True)
class TableColumn:
    """One column: its PostgreSQL type and, in words, its unit and when it is NULL."""

    name: str
    type: str
    description: str = ""
    nullable: bool = True


@dataclass
class Table:
    """One table or view with its columns in order."""

    name: str
    description: str = ""
    columns: dict[str, TableColumn] = field(default_factory=dict)


def registry_columns() -> Mapping[str, Mapping[str, str]]:
    """Meaning of the columns that follow a registry, by table: one `real` column per feature or label."""
    return {
        "features.features_1h": feature_words(),
        "ml.labels_1d": label_words("1d"),
        "ml.labels_2w": label_words("2w"),
    }


@cache
def table_dictionary(files: Path = SCHEMA_FILES) -> dict[str, Table]:
    """Every table of the schema files as it is after all of them, with registry columns and views, by name."""
    tables: dict[str, Table] = {}
    for script in sorted(files.glob("*.sql")):
        for statement in sqlglot.parse(script.read_text(encoding="utf-8"), dialect="postgres"):
            _apply(statement, tables)
    for name, words in registry_columns().items():
        known = tables[name].columns
        known.update({column: TableColumn(column, REAL, text) for column, text in words.items()})
    for model in load_models():
        if model.is_view:
            columns = _view_columns(model, tables)
            tables[model.table] = Table(model.table, f"{model.description} Grain: {model.grain}.", columns)
    return tables


def _apply(statement: exp.Expr | None, tables: dict[str, Table]) -> None:
    """Follow one statement of a schema file; statements that change no column are passed over."""
    if isinstance(statement, exp.Create) and isinstance(statement.this, exp.Schema):
        table = Table(_name(statement.this.this))
        for part in statement.this.expressions:
            if isinstance(part, exp.ColumnDef):
                table.columns[part.name] = _column(part)
            elif isinstance(part, exp.LikeProperty):
                table.columns.update(tables[_name(part.this)].columns)
        tables[table.name] = table
    elif isinstance(statement, exp.Alter):
        columns = tables[_name(statement.this)].columns
        for action in statement.args["actions"]:
            if isinstance(action, exp.ColumnDef):
                columns[action.name] = _column(action)
            elif isinstance(action, exp.RenameColumn):
                _rename(columns, action.this.name, action.args["to"].name)
            elif isinstance(action, exp.Drop) and action.args["kind"] == "COLUMN":
                for dropped in action.args["tables"]:
                    del columns[dropped.name]
            elif isinstance(action, exp.AlterColumn) and action.args.get("allow_null"):
                columns[action.name] = replace(columns[action.name], nullable=True)
    elif isinstance(statement, exp.Comment):
        text = statement.expression.this
        if isinstance(statement.this, exp.Column):
            column = statement.this
            columns = tables[f"{column.args['db'].name}.{column.table}"].columns
            columns[column.name] = replace(columns[column.name], description=text)
        else:
            tables[_name(statement.this)].description = text


def _name(table: exp.Expr) -> str:
    return f"{table.args['db'].name}.{table.name}"


def _column(definition: exp.ColumnDef) -> TableColumn:
    kinds = {type(constraint.args["kind"]) for constraint in definition.args.get("constraints") or ()}
    kind = definition.args["kind"].sql(dialect="postgres").lower()
    required = {exp.NotNullColumnConstraint, exp.PrimaryKeyColumnConstraint}
    return TableColumn(definition.name, SHORT_TYPES.get(kind, kind), nullable=not kinds & required)


def _rename(columns: dict[str, TableColumn], old: str, new: str) -> None:
    """Rename a column in its place."""
    kept = list(columns.items())
    columns.clear()
    for name, column in kept:
        columns[new if name == old else name] = replace(column, name=new) if name == old else column


def _view_columns(model: SqlModel, tables: Mapping[str, Table]) -> dict[str, TableColumn]:
    """Columns of a view, from header lines such as `column pair: text: OKX instrument id`.

    `column *` means the features and labels of the tables that the view reads.
    """
    columns: dict[str, TableColumn] = {}
    for name, text in model.columns.items():
        if name == EVERY_REGISTRY_COLUMN:
            for table in model.reads:
                columns |= {
                    column: tables[table].columns[column] for column in registry_columns().get(table, ())
                }
        else:
            kind, _, meaning = text.partition(": ")
            columns[name] = TableColumn(name, kind, meaning)
    return columns


def build_view(database: Database, model: SqlModel) -> None:
    """Create the view anew and comment its columns."""
    model.build_view(database)
    described = table_dictionary()[model.table].columns
    comment_columns(database, model.table, {name: column.description for name, column in described.items()})


def tables_page() -> str:
    """The dictionary as a Markdown page; features and labels have pages of their own."""
    described = registry_columns()
    lines = [
        "# Tables",
        "",
        GENERATED,
        "",
        "Every table of the database `okxsignal`. The asset that makes a table has its name: `market.candles_1h` is",
        "`market/candles_1h` in the Dagster UI; models are `ml/member_models` (`ml.model_versions`), `ml/signal_model`",
        "(`ml.signal_versions`) and `ml/champion` (`ml.champions`).",
        "Unknown is NULL, never 0. Times are UTC.",
    ]
    for table in sorted(table_dictionary().values(), key=lambda table: table.name):
        lines += [
            "",
            f"## {table.name}",
            "",
            table.description,
            "",
            "| column | type | NULL | meaning |",
            "|---|---|---|---|",
        ]
        registry = {name for source in described.values() for name in source}
        for column in table.columns.values():
            if column.name not in registry:
                cell = column.description.replace("|", "\\|")
                lines.append(
                    f"| `{column.name}` | {column.type} | {'yes' if column.nullable else 'no'} | {cell} |"
                )
        if registry & set(table.columns):
            lines.append(
                f"| {len(registry & set(table.columns))} more | real | yes | see features.md and labels.md |"
            )
    return "\n".join(lines) + "\n"
