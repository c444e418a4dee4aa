"""No feature claims to know across a long outage, no label row across any: every gap is walked, real ones included."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
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
DAILY = [feature for feature in FEATURES if feature.timeframe == "1d"]
MAX_NULL_SHARE = 0.03
OWN_BARS = [feature for feature in FEATURES if not feature.is_calendar and feature.timeframe != "15m"]


def missing_stretches(bars, length):
    """(pair, first missing open, last missing open) of every hole between a pair's first and last bar."""
    for pair, rows in bars.groupby("pair"):
        opens = rows["timestamp_utc"].sort_values()
        holes = opens.diff() > length
        for before, after in zip(opens.shift()[holes], opens[holes], strict=True):
            yield pair, before.to_pydatetime() + length, after.to_pydatetime() - length


def rows_that_cannot_know(feature, first, last, length):
    """From the row that the first missing bar would serve to the last one whose look-back reaches into the gap."""
    return first + length - HOUR, last + (feature.lookback_bars + 1) * length - 2 * HOUR


def walk(hourly):
    """Check every gap of the candles; the number of missing stretches of hours."""
    start = hourly["timestamp_utc"].min().to_pydatetime()
    end = hourly["timestamp_utc"].max().to_pydatetime() + HOUR
    candles = CandleSet.of_hourly(hourly)
    rows = candles.features(start, end).set_index("timestamp_utc")
    by_pair = dict(tuple(rows.groupby("pair")))
    labels = {
        name: dict(tuple(compute_labels(hourly, start, end, name, end).groupby("pair")))
        for name in LABEL_HORIZON_HOURS
    }
    gaps = 0
    for pair, first, last in missing_stretches(hourly, HOUR):
        gaps += 1
        assert by_pair[pair].loc[first:last].empty, f"feature rows inside the gap of {first}"
        labels_claim_nothing({name: rows[pair] for name, rows in labels.items()}, first, last)
    for timeframe in ("1h", "4h", "1d"):
        length = timedelta(minutes=TIMEFRAMES[timeframe].minutes)
        for pair, first, last in missing_stretches(candles.frames[timeframe], length):
            features_claim_nothing(by_pair[pair], timeframe, first, last, length)
    return gaps


def features_claim_nothing(rows, timeframe, first, last, length):
    """No value while more than a quarter of its look-back is missing, nor until it is known again."""
    missing = (last - first) // length + 1
    spans: dict[tuple[pd.Timestamp, pd.Timestamp], list[str]] = defaultdict(list)
    for feature in OWN_BARS:
        own = "1h" if feature.timeframe == "cross" else feature.timeframe
        if own == timeframe and missing > feature.lookback_bars // 4:
            spans[rows_that_cannot_know(feature, first, last, length)].append(feature.name)
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
    holes = [("BTC-USDT", 900, 1), ("ETH-USDT", 1200, 9), ("ETH-USDT", 1240, 2), ("SOL-USDT", 2000, 130)]
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


def test_real_outages_of_hours_cost_daily_features_next_to_nothing():
    """Spot candles of two years with four outages, on the recordings beside the project; there may be none."""
    path = RECORDINGS / "binance_spot_1h.parquet"
    assert path.exists() == RECORDINGS.exists()
    if not path.exists():
        return
    start, end = (datetime(year, 5, 1, tzinfo=UTC) for year in (2021, 2023))
    hourly = pd.read_parquet(path).astype({"timestamp_utc": "datetime64[us, UTC]"})
    hourly = hourly[hourly["timestamp_utc"] < end]
    rows = CandleSet.of_hourly(hourly).features(start, end, DAILY)
    age = rows["timestamp_utc"] - rows["pair"].map(hourly.groupby("pair")["timestamp_utc"].min())
    for feature in DAILY:
        ripe = age > timedelta(days=feature.lookback_bars + 1)
        assert rows.loc[ripe, feature.name].isna().mean() < MAX_NULL_SHARE, feature.name
