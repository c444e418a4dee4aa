"""Every feature says what it is."""

import pytest

from okx_core.features.compute import _lead
from okx_core.features.registry import FEATURES, feature_names, model_feature_names
from okx_core.features.timeframes import HOURLY, TIMEFRAMES


def test_names_are_unique_and_there_are_enough():
    assert len(set(feature_names())) == len(FEATURES) >= 35


def test_models_train_on_scale_free_features_that_are_there_in_time():
    late = {feature.name for feature in FEATURES if feature.timeframe == "15m"}
    assert late
    assert set(model_feature_names()) == {feature.name for feature in FEATURES if feature.scale_free} - late


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_a_declaration_is_complete_and_its_lookback_fits_the_anchor(feature):
    timeframe = TIMEFRAMES.get(feature.timeframe, HOURLY)
    assert feature.name == feature.name.lower()
    assert len(feature.description) > 10
    assert feature.unit
    assert feature.null_rule.startswith("NULL until")
    assert 1 <= feature.lookback_bars <= timeframe.anchor_bars


@pytest.mark.parametrize("timeframe", [*TIMEFRAMES, "cross"])
def test_windows_begin_after_the_anchor(timeframe):
    features = [feature for feature in FEATURES if feature.timeframe == timeframe]
    assert _lead(features) <= TIMEFRAMES.get(timeframe, HOURLY).anchor_bars
