"""The synthetic market as checks read it."""

import pytest

from okx_core.features.candle_set import CandleSet


@pytest.fixture(scope="session")
def market(synthetic_market: CandleSet) -> CandleSet:
    return synthetic_market
