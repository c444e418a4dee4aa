"""The wide view: every bar once, with the columns its tables have now."""

import pytest

from okx_core.features.registry import feature_names
from okx_core.labels.registry import LABELS_1D, LABELS_2W
from resources.postgres.migrations import sync_columns
from resources.postgres.sql_models import load_models
from resources.postgres.table_dictionary import table_dictionary

MART, OUTCOMES = (model for model in load_models() if model.is_view)


def columns(bars) -> list[str]:
    return list(bars.database.frame("select * from marts.candles_1h limit 0").columns)


def test_candles_features_and_labels_stand_side_by_side(bars) -> None:
    MART.build_view(bars.database)
    assert {"pair", "timestamp_utc", "open_1h", "close_1h", *feature_names(), *LABELS_1D, *LABELS_2W} <= set(
        columns(bars)
    )


@pytest.mark.parametrize("table", ["features.features_1h", "ml.labels_1d", "ml.labels_2w"])
def test_a_new_column_shows_as_soon_as_the_view_is_rebuilt(bars, table: str) -> None:
    MART.build_view(bars.database)
    sync_columns(bars.database, table, ["brand_new"])
    assert "brand_new" not in columns(bars)
    MART.build_view(bars.database)
    assert "brand_new" in columns(bars)


def test_a_bar_without_features_and_labels_still_shows_with_unknowns(bars) -> None:
    bars.store()
    MART.build_view(bars.database)
    bars.database.execute(
        "insert into ml.labels_1d (pair, timestamp_utc) select pair, timestamp_utc from market.candles_1h limit 10"
    )
    assert bars.database.scalar("select count(*) from marts.candles_1h") == len(bars.bars)
    name = feature_names()[0]
    assert bars.database.scalar(f'select count("{name}") from marts.candles_1h') == 0


@pytest.mark.parametrize("model", load_models(), ids=lambda model: model.table)
def test_the_ui_describes_the_columns_that_there_are(bars, model) -> None:
    if model.is_view:
        model.build_view(bars.database)
    there = bars.database.frame(f"select * from {model.table} limit 0").columns
    assert list(table_dictionary()[model.table].columns) == list(there)


def test_its_readers_are_told_the_tables_it_reads() -> None:
    assert MART.reads == (
        "features.features_1h", "features.sql_windows", "market.candles_1h", "ml.labels_1d", "ml.labels_2w",
    )  # fmt: skip


def test_a_signal_stands_beside_what_became_of_it(bars) -> None:
    OUTCOMES.build_view(bars.database)
    for hour, predicted in ((0, 1.5), (1, -2.0), (2, 0.5)):
        signal(bars, hour, predicted)
        signal(bars, hour, -predicted, pair="ETH-USDT")
    bars.database.execute(
        "insert into ml.labels_1d (pair, timestamp_utc, future_return_1d_pct) values "
        "('BTC-USDT', $1, 3.0), ('BTC-USDT', $2, 1.0), ('ETH-USDT', $1, 5.0), ('ETH-USDT', $2, -1.0)",
        (bars.at(0), bars.at(1)),
    )
    rows = bars.database.rows(
        "select * from marts.signal_outcomes where pair = 'BTC-USDT' order by timestamp_utc"
    )
    assert [row["realised_return_pct"] for row in rows] == [3.0, 1.0, None]
    assert [row["realised_excess_pct"] for row in rows] == [-1.0, 1.0, None]
    assert [row["right_direction"] for row in rows] == [False, False, None]


def signal(bars, hour: int, predicted: float, pair: str = "BTC-USDT") -> None:
    """One signal row; columns that the test does not name get a value of their type."""
    columns = bars.database.rows(
        "select column_name, data_type from information_schema.columns "
        "where table_schema = 'trading' and table_name = 'signals' and is_nullable = 'NO' and column_default is null"
    )
    known = {
        "pair": pair,
        "timestamp_utc": bars.at(hour),
        "predicted_excess_pct": predicted,
        "tradable": True,
    }
    filler = {"text": "x", "boolean": False, "integer": 1, "double precision": 0.0}
    row = {c["column_name"]: filler.get(c["data_type"], bars.at(hour)) for c in columns} | known
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    bars.database.execute(
        f"insert into trading.signals ({', '.join(row)}) values ({places})", tuple(row.values())
    )
