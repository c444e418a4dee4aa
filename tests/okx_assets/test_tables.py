"""What the UI shows of a table: every column, its rules among them."""

from okx_assets.tables import describe, written


def columns(table: str):
    return {column.name: column for column in describe(table)["dagster/column_schema"].columns}


def test_every_column_has_type_meaning_and_whether_it_may_be_null() -> None:
    shown = columns("trading.orders")
    assert len(shown) == 13
    assert shown["average_price"].type == "numeric"
    assert shown["average_price"].constraints.nullable
    assert not shown["pair"].constraints.nullable
    assert "negative when paid" in shown["fee"].description


def test_the_rules_of_a_contract_are_on_the_page() -> None:
    assert columns("trading.signals")["excess_probability"].constraints.other == [">= 0", "<= 1"]


def test_rows_are_counted_as_dagster_counts_them() -> None:
    assert written(3, pairs=2) == {"dagster/row_count": 3, "pairs": 2}
