"""What a bar has turned over, in quote units."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def quote_turnover(quote_volume: Array, volume: Array, close: Array) -> Array:
    """The reported quote volume; volume times close where the source has none, NaN where that is unknown too."""
    return np.asarray(np.where(np.isnan(quote_volume), volume * close, quote_volume), dtype=np.float64)
