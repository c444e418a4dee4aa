"""The turnover of a bar is what was reported, else volume times close, else unknown."""

import numpy as np

from okx_core.candles.turnover import quote_turnover


def test_what_was_reported_counts_and_volume_times_close_where_nothing_was() -> None:
    reported, volume, close = np.array([7.0, np.nan, np.nan]), np.array([2.0, 2.0, np.nan]), np.full(3, 5.0)
    np.testing.assert_array_equal(quote_turnover(reported, volume, close), [7.0, 10.0, np.nan])
