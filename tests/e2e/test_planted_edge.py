"""The leak alarm: nothing planted, nothing found; something planted, found; something leaked, caught.

The whole research path in the pure core, without a database: synthetic tape, candles, features, labels,
weekly training with the production specification, predictions on the week after each training.

*What is tested.* Each hour gives one number, the rank correlation across pairs of the predictions with
the returns of the next 24 hours; the t statistic of their mean must be small without an edge and large
with one. A naive t is wrong twice:

- Pooling rows counts every pair as a witness of its own, but all pairs share the market's move of the
  hour. Ranks across pairs drop that move, and an hour counts once.
- Neighbouring hours share 23 of the 24 hours that their labels span, and predictions last for days, so
  1,176 hours hold only some 49 independent days: sqrt(mean of squares / n) is about five times too small.
  Newey and West's variance with the horizon as lag allows for it.

Even so that variance is too small by a known amount. For labels overlapping by h hours the hourly
autocorrelation falls as 1 - k/h and Bartlett's weights as 1 - k/(h + 1); their product sums to two thirds
of the truth, so without any edge t has a standard deviation of about 1.25, not 1 (`null_spread`).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.features.compute import compute_features, history_start
from okx_core.labels import compute_labels
from okx_core.models.scores import cross_sectional_rank_ic
from okx_core.models.trainers import TreeParameters
from okx_core.models.training import SignalModelSpec, train_signal_model
from okx_simulator.synthetic_tape import SyntheticTape

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
SPEC = SignalModelSpec(trees=TreeParameters(threads=1))  # as in production; weeks are fitted side by side
FIRST_WEEK = datetime(2020, 10, 25, tzinfo=UTC)  # a Sunday, late enough for the longest warm-up
WEEKS = 8
END = FIRST_WEEK + WEEKS * WEEK
TRAINED_FROM = SPEC.window(FIRST_WEEK).start
BARS = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum", "quote_volume": "sum"}
AddColumn = Callable[[pd.DataFrame], pd.Series]


def tape_candles(tape: SyntheticTape) -> pd.DataFrame:
    """Hourly candles of all pairs from the warm-up on to the end of the last label."""
    first, stop = history_start(TRAINED_FROM), END + timedelta(hours=SPEC.horizon_hours + 1)
    frames = []
    for pair in tape.pairs:
        bars = tape.bars(pair, int(stop.timestamp()) // 3600)
        opens = pd.to_datetime(bars.hours * 3600, unit="s", utc=True)
        frame = pd.DataFrame(
            {"pair": pair, "timestamp_utc": opens} | {name: getattr(bars, name) for name in BARS}
        )
        frames.append(frame[frame["timestamp_utc"] >= first])
    return pd.concat(frames, ignore_index=True)


def complete_buckets(candles: pd.DataFrame, hours: int) -> pd.DataFrame:
    """Candles of `hours` hours on UTC bounds; a bucket with a missing hour is no candle."""
    bucket = candles["timestamp_utc"].dt.floor(f"{hours}h")
    grouped = candles.groupby(["pair", bucket], sort=True)
    bars = grouped.agg(BARS)[grouped.size() == hours]
    return bars.reset_index()


def research_rows(seed: int, strength: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hourly candles, and features joined with labels, sorted by time and pair."""
    candles = tape_candles(SyntheticTape(seed=seed, strength=strength))
    features = compute_features(
        candles, complete_buckets(candles, 4), complete_buckets(candles, 24), TRAINED_FROM, END
    )
    known_until = END + timedelta(hours=SPEC.horizon_hours + 1)
    labels = compute_labels(candles, TRAINED_FROM, END, "1d", known_until)
    rows = features.merge(labels[["pair", "timestamp_utc", SPEC.target]], on=["pair", "timestamp_utc"])
    return candles, rows.sort_values(["timestamp_utc", "pair"], ignore_index=True)


def out_of_sample_ic(rows: pd.DataFrame, names: tuple[str, ...], algorithm: str) -> np.ndarray:
    """Hourly rank correlations [hours] of the weeks after each of WEEKS weekly trainings."""
    parts = []
    for week in (FIRST_WEEK + n * WEEK for n in range(WEEKS)):
        model = train_signal_model(rows, names, algorithm, SPEC.window(week), SPEC)
        ahead = rows[rows["timestamp_utc"].between(week, week + WEEK, inclusive="left")]
        prediction = model.regressor.predict(ahead[list(names)].to_numpy(dtype=np.float32))
        parts.append(ahead[["timestamp_utc", SPEC.target]].assign(prediction=prediction))
    scored = pd.concat(parts)
    hours = (scored["timestamp_utc"] - FIRST_WEEK) // HOUR
    outcome = scored[SPEC.target].to_numpy(dtype=np.float64)
    return cross_sectional_rank_ic(hours.to_numpy(), scored["prediction"].to_numpy(), outcome)
