"""Features that are related to no return are listed, and only those."""

import numpy as np

from okx_core.features.registry import FEATURES
from okx_core.validation.validate import validate
from tests.okx_core.validation.planted import planted

RELATED = ("relative_return_24h", "performance_rank_24h", "roc_24")


def test_noise_is_listed_and_what_is_related_to_returns_is_not(market):
    noise = planted(lambda bars: np.random.default_rng(5).standard_normal(bars.close.shape))
    related = tuple(feature for feature in FEATURES if feature.name in RELATED)
    results = validate(market, (*related, noise), checks=("information",))
    assert {name for result in results for name in result.suspects} == {"planted"}
