"""The table dictionary says of the schema files what PostgreSQL says after running them."""

import pytest

from okx_core.features.registry import feature_names
from resources.postgres.sql_models import load_models
from resources.postgres.table_dictionary import SHORT_TYPES, Table, build_view, table_dictionary

TABLES = table_dictionary()
STORED = """
select
    attname as name,
    format_type(atttypid, atttypmod) as type,
    not attnotnull as nullable,
    coalesce(col_description(attrelid, attnum), '') as description
from pg_attribute
where attrelid = $1::regclass and attnum > 0 and not attisdropped
order by attnum
"""
LONG_TYPES = {
    **{short: long for long, short in SHORT_TYPES.items()},
    "timestamptz": "timestamp with time zone",
    "numeric": "numeric",
}


def spelled_out(kind: str) -> str:
    """A type as PostgreSQL writes it in full."""
    base = kind.removesuffix("[]")
    return LONG_TYPES.get(base, base) + kind[len(base) :]


@pytest.fixture(scope="module")
def stored(new_database):
    with new_database() as database:
        for model in load_models():
            if model.is_view:
                build_view(database, model)
        yield database


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_columns_types_and_meanings_are_those_of_the_database(stored, table: Table) -> None:
    rows = stored.rows(STORED, (table.name,))
    there = {row["name"]: (row["type"], row["description"]) for row in rows}
    listed = {name: (spelled_out(column.type), column.description) for name, column in table.columns.items()}
    assert listed == there


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_a_column_that_may_be_null_is_called_nullable(stored, table: Table) -> None:
    required = {row["name"] for row in stored.rows(STORED, (table.name,)) if not row["nullable"]}
    assert {name for name, column in table.columns.items() if not column.nullable} <= required


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.name)
def test_every_column_and_table_has_a_meaning(table: Table) -> None:
    assert table.description
    assert [name for name, column in table.columns.items() if not column.description] == []


def test_no_table_of_the_database_is_left_out(stored) -> None:
    names = stored.rows(
        "select table_schema || '.' || table_name as name from information_schema.tables "
        "where table_schema not in ('pg_catalog', 'information_schema', 'public')"
    )
    assert {row["name"] for row in names} == set(TABLES)


def test_a_renamed_column_keeps_its_place_and_every_feature_is_there() -> None:
    assert list(TABLES["trading.signals"].columns)[2:4] == ["predicted_excess_pct", "excess_probability"]
    assert set(feature_names()) <= set(TABLES["marts.candles_1h"].columns)
