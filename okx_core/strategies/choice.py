"""Choosing pairs: when a strategy decides, the best of an hour, and staying with what is still good."""

import numpy as np
from numpy.typing import NDArray

from okx_core.strategies.panel import Array, Panel
from okx_core.strategies.strategy import Wants


def decision_hours(panel: Panel, every: int, offset: int = 0) -> NDArray[np.bool_]:
    """The rows [hours] whose close is a multiple of `every` hours since 1970, plus `offset`."""
    return np.asarray((panel.hours + 1 - offset) % every == 0)


def places(score: Array) -> Array:
    """The place of each pair in its hour [hours, pairs], 0 the highest score; NaN where it is unknown.

    Of equal scores the first pair comes first.
    """
    unknown = np.isnan(score)
    order = np.argsort(np.where(unknown, np.inf, -score), axis=1, kind="stable")
    found = np.empty(score.shape)
    np.put_along_axis(
        found, order, np.broadcast_to(np.arange(score.shape[1], dtype=np.float64), score.shape), axis=1
    )
    return np.where(unknown, np.nan, found)


def best(score: Array, decides: NDArray[np.bool_], top: int, keep: int) -> Wants:
    """Buy the `top` highest scores of each deciding hour, and leave what has fallen out of the first `keep`.

    Between deciding hours nothing is bought or left. A pair of unknown score is not bought, and it is not left: what is
    not known has not changed.
    """
    place = places(score)
    chosen = decides[:, None] & (place < top)
    return Wants(np.where(chosen, score, np.nan), decides[:, None] & (place >= keep))
