"""The synthetic market as checks read it."""

import pytest

from okx_core.features.candle_set import CandleSet
from okx_jobs.cli.validation import synthetic_candles


@pytest.fixture(scope="session")
def market() -> CandleSet:
    return synthetic_candles(days=120)
