"""Which source columns each column of a SQL model is made from, read off the SQL by sqlglot."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, cast

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

DIALECT = "postgres"
Column = tuple[str, str]  # table, column


def column_lineage(text: str, columns: Mapping[str, Sequence[str]]) -> dict[str, list[Column]]:
    """Output column -> the (table, column) its value is made from, sorted; empty for a constant or a count.

    `columns` holds the columns of every table that `text` reads, which `select *` needs. Filters and
    join conditions are not lineage.
    """
    schema: dict[str, Any] = {}
    for table, names in columns.items():
        database, _, name = table.rpartition(".")
        schema.setdefault(database, {})[name] = dict.fromkeys(names, "text")
    query = qualify(sqlglot.parse_one(text, dialect=DIALECT), schema=schema, dialect=DIALECT)
    scope = build_scope(query)
    assert scope is not None
    assert isinstance(query, exp.Query)

    @cache  # sqlglot's own lineage() walks all steps anew for every column: minutes for a wide view
    def sources(scope: Scope, place: int) -> frozenset[Column]:
        if isinstance(scope.expression, exp.SetOperation):
            return frozenset().union(*(sources(part, place) for part in scope.set_operation_scopes))
        found: set[Column] = set()
        for column in cast(exp.Query, scope.expression).selects[place].find_all(exp.Column):
            source = scope.sources.get(column.table)
            if isinstance(source, exp.Table):
                found.add((f"{source.db}.{source.name}", column.name))
            elif isinstance(source, Scope):
                names = cast(exp.Query, source.expression).named_selects
                found |= sources(source, names.index(column.name))
        return frozenset(found)

    return {name: sorted(sources(scope, place)) for place, name in enumerate(query.named_selects)}
