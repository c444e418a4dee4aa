"""The contract of feature rows refuses what would poison a table or a model."""

import numpy as np
import pandas as pd
import pytest

from okx_core.features.contract import contract_violations
from okx_core.features.registry import feature_names


@pytest.fixture
def rows() -> pd.DataFrame:
    times = pd.date_range("2026-01-01", periods=4, freq="h", tz="UTC", unit="us")
    keys = {"pair": ["BTC-USDT"] * 4, "timestamp_utc": times}
    return pd.DataFrame({**keys, **{name: np.full(4, np.float32(0.5)) for name in feature_names()}})


def test_whole_rows_pass(rows):
    assert contract_violations(rows) == []


def test_an_unknown_feature_is_no_breach(rows):
    rows.loc[1, feature_names()[3]] = np.float32("nan")
    assert contract_violations(rows) == []


def test_infinity_is_named_with_its_feature(rows):
    rows.loc[2, feature_names()[5]] = np.float32("inf")
    assert [line.split(":")[0] for line in contract_violations(rows)] == [feature_names()[5]]


def test_two_rows_of_one_bar_are_a_breach(rows):
    rows.loc[1, "timestamp_utc"] = rows.loc[0, "timestamp_utc"]
    assert contract_violations(rows)


def test_a_missing_feature_is_a_breach(rows):
    assert contract_violations(rows.drop(columns=feature_names()[0]))


def test_double_precision_is_a_breach(rows):
    assert contract_violations(rows.astype({feature_names()[0]: "float64"}))
