"""A panel holds each bar once, in order, whatever the chunks."""

import numpy as np
import pandas as pd
import pytest

from okx_core.models.panel import PanelError, assemble_panel
from tests.made_panel import made_panel

START = pd.Timestamp("2024-03-01", tz="UTC")
HOURS = pd.Timedelta(hours=1)


def candles(pairs: int = 4, hours: int = 50) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    frame = pd.DataFrame(
        [
            (f"P{pair}", START + hour * HOURS, 100.0 * pair + hour)
            for pair in range(pairs)
            for hour in range(hours)
        ],
        columns=["pair", "timestamp_utc", "close"],
    )
    frame = frame.assign(high=frame["close"] + 1.0, low=frame["close"] - 1.0)
    return frame[rng.random(len(frame)) < 0.9].reset_index(drop=True)


def features_of(frame: pd.DataFrame):
    def computed(since, until):
        part = frame[frame["timestamp_utc"].between(since, until, inclusive="left")]
        return part.assign(double=2.0 * part["close"], own=part["pair"].str[1:].astype(float))

    return computed


@pytest.mark.parametrize("hours", [7, 50, 500])
def test_every_bar_is_a_row_in_order_of_hour_and_pair(hours: int) -> None:
    frame = candles()
    end = START + 50 * HOURS
    panel = assemble_panel(frame, ("double", "own"), features_of(frame), START, end, hours * HOURS)
    ordered = frame.sort_values(["timestamp_utc", "pair"])
    np.testing.assert_allclose(panel.values[:, 0], 2.0 * ordered["close"])
    np.testing.assert_allclose(panel.rows(panel.closes), ordered["close"])
    np.testing.assert_allclose(panel.highs, panel.closes + 1.0)
    np.testing.assert_allclose(panel.lows, panel.closes - 1.0)
    np.testing.assert_allclose(panel.column("own")[:, 2][~np.isnan(panel.closes[:, 2])], 2.0)
    assert np.isnan(panel.closes).sum() == 200 - len(frame)
    assert panel.starts[-1] == len(frame)


def test_ranks_of_thinned_rows_are_those_of_all_rows() -> None:
    panel = made_panel(hours=300)
    rows = np.flatnonzero(panel.staggered(4))
    np.testing.assert_array_equal(panel.thinned(rows, ranked=True), panel.ranked(0, len(panel.values))[rows])
    np.testing.assert_array_equal(panel.thinned(rows, ranked=False), panel.values[rows])


def test_three_pairs_make_no_panel() -> None:
    frame = candles(pairs=3)
    with pytest.raises(PanelError, match="at least 4"):
        assemble_panel(frame, ("double",), features_of(frame), START, START + 50 * HOURS, 9 * HOURS)


def test_a_bar_without_features_is_an_error() -> None:
    frame = candles()
    with pytest.raises(PanelError, match="each candle needs one row"):
        assemble_panel(frame, ("own",), features_of(frame[5:]), START, START + 50 * HOURS, 9 * HOURS)


def test_a_feature_that_is_absent_is_named() -> None:
    with pytest.raises(PanelError, match="no feature weather"):
        made_panel(hours=50).column("weather")
