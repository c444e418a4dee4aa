"""Features of a window: which of them say nothing."""

import numpy as np
import pandas as pd

from okx_services.research.features import constant_features


class TestConstantFeatures:
    def test_a_feature_that_never_changes_or_never_speaks_isconstant_features(self) -> None:
        spread = pd.DataFrame(
            {"lively": [1.0, 2.0], "flat": [3.0, 3.0], "mute": [np.nan, np.nan], "late": [np.nan, 1.0]}
        )
        assert constant_features(spread) == ["flat", "mute", "late"]

    def test_the_calendar_and_what_a_source_lacks_are_not_constant_features(self) -> None:
        spread = pd.DataFrame(
            {"month_of_year": [3.0, 3.0], "taker_buy_ratio": [np.nan, np.nan], "rsi": [50.0, 50.0]}
        )
        assert constant_features(spread) == ["rsi"]
