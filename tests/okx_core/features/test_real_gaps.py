"""No feature and no label row claims to know across an outage: every gap is walked, real ones included."""

from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from okx_core.features.candle_set import HOUR, CandleSet
from okx_core.features.registry import FEATURES
from okx_core.features.timeframes import TIMEFRAMES
from okx_core.hours import LABEL_HORIZON_HOURS
from okx_core.labels.compute import LOOKBACK_BARS, compute_labels
from okx_core.labels.registry import LABELS

RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "candles_1h"
CALENDAR = ("timestamp_utc",)
OWN_BARS = [feature for feature in FEATURES if feature.inputs != CALENDAR and feature.timeframe != "15m"]


def missing_stretches(hourly):
    """(pair, first missing hour, last missing hour) of every hole between a pair's first and last bar."""
    for pair, bars in hourly.groupby("pair"):
        opens = bars["timestamp_utc"].sort_values()
        holes = opens.diff() > HOUR
        for before, after in zip(opens.shift()[holes], opens[holes], strict=True):
            yield pair, before.to_pydatetime() + HOUR, after.to_pydatetime() - HOUR


def rows_that_cannot_know(feature, first, last):
    """From the close of the first broken bar to the last row whose look-back reaches into the gap."""
    if feature.timeframe in ("1h", "cross"):
        return last + HOUR, last + (feature.lookback_bars - 1) * HOUR
    length = timedelta(minutes=TIMEFRAMES[feature.timeframe].minutes)
    broken, healed = (pd.Timestamp(moment).floor(length) + length for moment in (first, last))
    return broken - HOUR, healed + feature.lookback_bars * length - 2 * HOUR


def walk(hourly):
    """Check every gap of the candles; the number of gaps and of known values looked at behind them."""
    start = hourly["timestamp_utc"].min().to_pydatetime()
    end = hourly["timestamp_utc"].max().to_pydatetime() + HOUR
    rows = CandleSet.of_hourly(hourly).features(start, end).set_index("timestamp_utc")
    by_pair = dict(tuple(rows.groupby("pair")))
    labels = {
        name: dict(tuple(compute_labels(hourly, start, end, name, end).groupby("pair")))
        for name in LABEL_HORIZON_HOURS
    }
    gaps = 0
    for pair, first, last in missing_stretches(hourly):
        gaps += 1
        features_claim_nothing(by_pair[pair], first, last)
        labels_claim_nothing({name: rows[pair] for name, rows in labels.items()}, first, last)
    return gaps


def features_claim_nothing(rows, first, last):
    assert rows.loc[first:last].empty, f"feature rows inside the gap of {first}"
    spans: dict[tuple[pd.Timestamp, pd.Timestamp], list[str]] = defaultdict(list)
    for feature in OWN_BARS:
        spans[rows_that_cannot_know(feature, first, last)].append(feature.name)
    assert spans
    for (begin, stop), names in spans.items():
        known = rows.loc[begin:stop, names].notna().any()
        assert known[known].index.tolist() == [], f"they claim to know across the gap of {first}"


def labels_claim_nothing(sets, first, last):
    for name, rows in sets.items():
        blind = rows["timestamp_utc"].between(first - LABEL_HORIZON_HOURS[name] * HOUR, last)
        assert not blind.any(), f"{name} rows look across the gap of {first}"
    day = sets["1d"]
    after = day["timestamp_utc"].between(last + HOUR, last + LOOKBACK_BARS * HOUR)
    for label in LABELS:
        if label.horizon_set == "1d" and label.lookback_bars > 1:
            reach = last + (label.lookback_bars - 1) * HOUR
            claims = day.loc[after & (day["timestamp_utc"] <= reach), label.name]
            assert claims.isna().all(), f"{label.name} looks back across the gap of {first}"


@pytest.fixture(scope="module")
def broken(calm):
    """A lively market with holes of one hour, a night, and two close together."""
    hourly = calm.hourly
    holes = [("BTC-USDT", 900, 1), ("ETH-USDT", 1200, 9), ("ETH-USDT", 1240, 2), ("SOL-USDT", 2000, 30)]
    keep = np.ones(len(hourly), dtype=bool)
    first = hourly["timestamp_utc"].min()
    for pair, after, hours in holes:
        opens = hourly["timestamp_utc"]
        lost = opens.between(first + after * HOUR, first + (after + hours - 1) * HOUR)
        keep &= ~((hourly["pair"] == pair) & lost).to_numpy()
    return hourly[keep].reset_index(drop=True)


def test_every_made_up_gap_is_respected(broken):
    assert walk(broken) == 4


def test_every_real_outage_is_respected():
    """On the recordings of real candles beside the project; there may be none."""
    paths = sorted(RECORDINGS.glob("*.parquet"))
    assert bool(paths) == RECORDINGS.exists()
    for path in paths:
        candles = pd.read_parquet(path).astype({"timestamp_utc": "datetime64[us, UTC]"})
        listed = pd.read_csv(RECORDINGS / "gaps.csv")
        assert walk(candles) == (listed["file"] == path.name).sum(), path.name
