"""The tests that a SQL file's header asks for name the rows that break them."""

import pytest

from resources.postgres.sql_models import load_models

HEADER = """-- table: market.candles_4h
-- description: test
-- grain: test
-- key: pair, timestamp_utc
-- bucket_hours: 4
"""
QUERY = "with final as (select * from market.candles_1h) select * from final"


def loaded(tmp_path, text):
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "model.sql").write_text(text)
    return load_models(tmp_path)


@pytest.mark.parametrize("model", load_models(), ids=lambda model: model.table)
def test_every_model_has_a_unique_key_and_known_columns(model) -> None:
    assert {check.name for check in model.tests} == {"unique_key", "not_null"}


@pytest.fixture
def loose(bars):
    """A copy of the 4h bars without constraints, so that rows may break the header's tests."""
    bars.database.execute("create schema loose")
    bars.database.execute("create table loose.candles_4h as select * from market.candles_1h limit 0")
    bars.database.replace_window("loose.candles_4h", bars.bars.head(8), bars.at(0), bars.at(72))
    return bars


def test_the_tests_of_a_header_name_the_rows_that_break_them(loose, tmp_path) -> None:
    text = HEADER.replace("market.", "loose.") + "-- tests: unique_key, not_null(open, close)\n" + QUERY
    (model,) = loaded(tmp_path, text)
    unique, known = model.tests
    window = loose.at(0), loose.at(72)
    assert unique.offending(loose.database, *window) == known.offending(loose.database, *window) == []
    loose.database.execute("insert into loose.candles_4h select * from loose.candles_4h limit 1")
    loose.database.execute(
        "update loose.candles_4h set close = null where timestamp_utc = $1", (loose.at(3),)
    )
    assert [row["timestamp_utc"] for row in unique.offending(loose.database, *window)] == [loose.at(0)]
    assert [row["timestamp_utc"] for row in known.offending(loose.database, *window)] == [loose.at(3)]
    assert known.offending(loose.database, loose.at(4), loose.at(72)) == []
