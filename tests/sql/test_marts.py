"""The wide view: every bar once, with the columns its tables have now."""

import pytest

from okx_core.features.registry import feature_names
from okx_core.labels.registry import LABELS_1D, LABELS_2W
from resources.migrations import sync_columns
from resources.sql_models import load_models

(MART,) = [model for model in load_models() if model.is_view]


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


def test_its_readers_are_told_the_tables_it_reads() -> None:
    assert MART.reads == ("features.features_1h", "market.candles_1h", "ml.labels_1d", "ml.labels_2w")
