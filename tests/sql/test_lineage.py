"""Columns are traced to the columns they are made from, through steps, stars, joins and unions."""

import pytest

from resources.postgres.sql_lineage import column_lineage
from resources.postgres.sql_models import load_models

TABLES = {"market.a": ["pair", "x", "y"], "market.b": ["pair", "z"]}


def test_a_column_is_traced_through_every_step() -> None:
    text = """
    with first as (select pair, x + y as total from market.a where y > 0),
    joined as (select * from first left join market.b using (pair)),
    final as (select pair, total * z as scaled, 1 as one, count(*) over () as rows from joined)
    select * from final
    """
    assert column_lineage(text, TABLES) == {
        "pair": [("market.a", "pair"), ("market.b", "pair")],
        "scaled": [("market.a", "x"), ("market.a", "y"), ("market.b", "z")],
        "one": [],
        "rows": [],
    }


def test_both_sides_of_a_union_count() -> None:
    text = "with final as (select x as v from market.a union all select z from market.b) select * from final"
    assert column_lineage(text, TABLES) == {"v": [("market.a", "x"), ("market.b", "z")]}


@pytest.mark.parametrize("model", load_models(), ids=lambda model: model.table)
def test_every_column_of_every_model_comes_from_somewhere(bars, model) -> None:
    found = model.lineage(bars.database)
    assert all(found.values())
    assert {table for sources in found.values() for table, _ in sources} <= set(model.reads)
    if model.is_view:
        model.build_view(bars.database)
    assert list(found) == list(bars.database.frame(f"select * from {model.table} limit 0").columns)
