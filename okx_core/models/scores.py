"""Scores of predictions against what came true."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
MIN_PAIRS = 3  # in an hour: of two pairs the order is a coin, of one there is none


def cross_sectional_rank_ic(
    hours: npt.NDArray[np.int64], prediction: Floats, outcome: Floats, min_pairs: int = MIN_PAIRS
) -> Floats:
    """Spearman correlation of prediction and outcome across pairs, one value per hour in time order.

    All inputs have shape (rows,). Rows with a NaN are left out; hours with fewer than `min_pairs` rows or
    without any spread on either side give no value. Source: Grinold and Kahn, Active Portfolio Management.
    """
    rows = pd.DataFrame({"hour": hours, "prediction": prediction, "outcome": outcome}).dropna()
    grouped = rows.groupby("hour", sort=True)
    ranks = grouped[["prediction", "outcome"]].rank()
    ranks = ranks - ranks.groupby(rows["hour"]).transform("mean")
    products = pd.DataFrame(
        {
            "cross": ranks["prediction"] * ranks["outcome"],
            "prediction": ranks["prediction"] ** 2,
            "outcome": ranks["outcome"] ** 2,
        }
    )
    sums = products.groupby(rows["hour"], sort=True).sum()
    spread = np.sqrt(sums["prediction"] * sums["outcome"])
    usable = (grouped.size() >= min_pairs) & (spread > 0)
    return np.asarray((sums["cross"] / spread)[usable], dtype=np.float64)


def newey_west_t(values: Floats, lag: int) -> float:
    """t statistic of the mean of a serially correlated series, NaN for fewer than `lag` + 2 values.

    Overlapping horizons make neighbouring values alike; the Bartlett-weighted variance of Newey and West
    (1987) allows for it in part: with a lag equal to the horizon it finds about two thirds of the true
    variance, with twice the horizon most of it. Call it with at least twice the horizon.
    """
    count = len(values)
    if count < lag + 2:
        return float("nan")
    centred = values - values.mean()
    variance = float(centred @ centred) / count
    for step in range(1, lag + 1):
        weight = 1.0 - step / (lag + 1.0)
        variance += 2.0 * weight * float(centred[step:] @ centred[:-step]) / count
    if variance <= 0:
        return float("nan")
    return float(values.mean() / np.sqrt(variance / count))


def rmse(prediction: Floats, outcome: Floats) -> float:
    """Root mean squared error in the unit of the outcome, NaN rows left out, NaN when none is left."""
    error = prediction - outcome
    known = error[~np.isnan(error)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")
