"""Whether a model's correlation with what came true has fallen below what its own record lets expect."""

from dataclasses import dataclass

import numpy as np

from okx_core.models.evaluation.scores import block_means
from okx_core.models.ranks import Floats

RECENT_BLOCKS = 4  # of two weeks
MIN_EARLIER = 6
DEVIATIONS = 2.0


@dataclass(frozen=True)
class IcFall:
    """Mean of the recent blocks and of the earlier ones, lower end of the band; NaN where too few are known."""

    recent: float
    earlier: float
    low: float

    @property
    def is_below(self) -> bool:
        """Whether the recent mean is below the band; False where it is unknown."""
        return self.recent < self.low


def fall_of_ic(hourly: Floats) -> IcFall:
    """The newest eight weeks of an hourly rank IC [hours] against the two-week blocks before.

    Band: mean of the earlier blocks less two deviations of the difference of both means. Of independent blocks without
    any change one in about thirty is below.
    """
    means = block_means(hourly)
    recent, earlier = means[-RECENT_BLOCKS:], means[:-RECENT_BLOCKS]
    if len(earlier) < MIN_EARLIER:
        return IcFall(float("nan"), float("nan"), float("nan"))
    spread = float(earlier.std(ddof=1)) * np.sqrt(1.0 / len(recent) + 1.0 / len(earlier))
    middle = float(earlier.mean())
    return IcFall(float(recent.mean()), middle, middle - DEVIATIONS * spread)
