"""Asset keys and table names are the same words."""

import dagster as dg
import pytest

from okx_assets import keys


@pytest.mark.parametrize("key", keys.EVERY, ids=dg.AssetKey.to_user_string)
def test_a_key_names_its_table_and_back(key: dg.AssetKey) -> None:
    assert keys.key_of(keys.table_of(key)) == key
    assert keys.table_of(key).count(".") == 1
