"""Features that are related to no return are listed, and only those."""

import numpy as np

from okx_core.features.registry import FEATURES
from okx_core.validation.validate import validate
from tests.okx_core.validation.planted import planted


def test_noise_is_listed_and_most_features_are_not(market):
    noise = planted(lambda bars: np.random.default_rng(5).standard_normal(bars.close.shape))
    listed = {
        name
        for result in validate(market, (*FEATURES, noise), checks=("information",))
        for name in result.suspects
    }
    assert "planted" in listed
    assert "relative_return_24h" not in listed
    assert len(listed) < len(FEATURES) / 2
