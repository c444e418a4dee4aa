"""What our own orders paid against the mid that they were sent at, learned: quantiles by size, book and hour.

The learned model is used as a book: for each pair and hour it gives the spread and depth of a ladder
that costs what the model says, so that gate, sizing and backtest need to know nothing of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from okx_core.compilation import compiled
from okx_core.errors import OkxSignalError
from okx_core.market.book_model import NARROWEST_SPREAD_BPS, fill_offset_bps

Array = NDArray[np.float64]

QUANTILES = (0.5, 0.9)
FEATURES = ("side", "size_over_depth", "size_over_turnover", "spread_bps", "range_1h_bps", "hour_of_day")
TREES, LEARNING_RATE, LEAVES, MIN_ROWS_PER_LEAF = 80, 0.08, 7, 20
MIN_ROWS = 100
FOLDS = 5
SOLVER_STEPS = 60


class SlippageModelError(OkxSignalError):
    """A slippage model cannot be fitted on so few orders, or read from these files."""


def slippage_features(orders: pd.DataFrame) -> pd.DataFrame:
    """FEATURES [rows] of orders with is_buy, notional_quote, book_spread_bps, book_depth_quote, turnover_24h_quote,
    range_1h_bps and timestamp_utc; the sizes are logarithms, NaN where one side is unknown."""
    notional = orders["notional_quote"].to_numpy(np.float64)
    return pd.DataFrame(
        {
            "side": np.where(orders["is_buy"], 1.0, -1.0),
            "size_over_depth": _log_ratio(notional, orders["book_depth_quote"].to_numpy(np.float64)),
            "size_over_turnover": _log_ratio(notional, orders["turnover_24h_quote"].to_numpy(np.float64)),
            "spread_bps": orders["book_spread_bps"].to_numpy(np.float64),
            "range_1h_bps": orders["range_1h_bps"].to_numpy(np.float64),
            "hour_of_day": orders["timestamp_utc"].dt.hour.to_numpy(np.float64),
        }
    )


def _log_ratio(part: Array, whole: Array) -> Array:
    """Logarithm of part over whole [rows]; NaN where one of them is unknown or not above 0."""
    known = (part > 0.0) & (whole > 0.0)
    ratio = np.divide(part, whole, out=np.full(part.shape, np.nan), where=known)
    return np.asarray(np.log(ratio))


@dataclass(frozen=True)
class SlippageModel:
    """Median and 90 % quantile of the slippage in bps, and the sizes over depth that it was fitted on."""

    boosters: tuple[Any, ...]
    smallest_over_depth: float
    largest_over_depth: float

    def quantiles(self, features: pd.DataFrame) -> Array:
        """Slippage in bps [rows, QUANTILES], never falling from one quantile to the next."""
        matrix = features[list(FEATURES)].to_numpy(np.float64)
        found = np.column_stack([booster.predict(matrix, num_threads=1) for booster in self.boosters])
        return np.asarray(np.maximum.accumulate(found, axis=1))

    def terms(self, rows: pd.DataFrame) -> tuple[Array, Array]:
        """Spread and depth [rows] of the ladder that costs the model's median; of `slippage_features` without sides.

        The mean of buying and selling at the smallest and at the largest size that the model has seen, so that
        larger orders cost what the shape of the ladder says. NaN where the pair's own book is unknown.
        """
        depth = rows["book_depth_quote"].to_numpy(np.float64)
        ends = np.exp(self.smallest_over_depth), np.exp(self.largest_over_depth)
        small, large = (self._median(rows, factor * depth) for factor in ends)
        unknown = np.isnan(depth) | np.isnan(rows["book_spread_bps"].to_numpy(np.float64))
        spread = np.where(unknown, np.nan, np.maximum(2.0 * small, NARROWEST_SPREAD_BPS))
        return spread, solved_depths(spread, large, ends[1] * depth)

    def _median(self, rows: pd.DataFrame, notional: Array) -> Array:
        both = [
            self.quantiles(slippage_features(rows.assign(is_buy=is_buy, notional_quote=notional)))[:, 0]
            for is_buy in (True, False)
        ]
        return np.asarray((both[0] + both[1]) / 2.0)


@compiled
def solved_depths(spread_bps: Array, cost_bps: Array, notional_quote: Array) -> Array:
    """Depth [rows] of the ladder in which `notional_quote` pays `cost_bps`; at least what fits on the best level."""
    out = np.full(spread_bps.size, np.nan)
    for row in range(out.size):
        spread, cost, notional = spread_bps[row], cost_bps[row], notional_quote[row]
        if not (spread == spread and cost == cost and notional > 0.0):
            continue
        low, high = 1e-9 * notional, notional
        for _ in range(SOLVER_STEPS):
            middle = np.sqrt(low * high)
            if fill_offset_bps(notional, spread, middle) > cost:
                low = middle
            else:
                high = middle
        out[row] = high
    return out


def fit_slippage(orders: pd.DataFrame) -> SlippageModel:
    """Quantile regression trees (Koenker and Bassett, 1978; Ke et al., 2017).

    `orders` as for `slippage_features`, and slippage_bps. Raises SlippageModelError with fewer than `MIN_ROWS` rows.
    """
    import lightgbm as lgb

    if len(orders) < MIN_ROWS:
        raise SlippageModelError(f"{len(orders)} orders with a known arrival mid, {MIN_ROWS} are needed")
    features = slippage_features(orders)
    target = orders["slippage_bps"].to_numpy(np.float64)
    options = {
        "objective": "quantile", "learning_rate": LEARNING_RATE, "num_leaves": LEAVES, "seed": 7, "num_threads": 1,
        "min_data_in_leaf": MIN_ROWS_PER_LEAF, "deterministic": True, "force_col_wise": True, "verbosity": -1,
    }  # fmt: skip
    boosters = tuple(
        lgb.train({**options, "alpha": quantile}, lgb.Dataset(features.to_numpy(np.float64), target), TREES)
        for quantile in QUANTILES
    )
    low, high = np.nanquantile(features["size_over_depth"], (0.05, 0.95))
    return SlippageModel(boosters, float(low), float(high))


def book_slippage_bps(orders: pd.DataFrame) -> Array:
    """What the book says of each order, bps [rows]."""
    columns = ("notional_quote", "book_spread_bps", "book_depth_quote")
    return _offsets(*(orders[name].to_numpy(np.float64) for name in columns))


@compiled
def _offsets(notional: Array, spread: Array, depth: Array) -> Array:
    out = np.empty(notional.size)
    for row in range(out.size):
        out[row] = fill_offset_bps(notional[row], spread[row], depth[row])
    return out


def pinball_loss(actual: Array, stated: Array) -> Array:
    """Mean pinball loss [rows] of stated quantiles [rows, QUANTILES] (Koenker and Bassett, 1978), in bps."""
    missed = actual[:, None] - stated
    shares = np.asarray(QUANTILES)
    return np.asarray(np.maximum(shares * missed, (shares - 1.0) * missed).mean(axis=1))


@dataclass(frozen=True)
class HeldOut:
    """Pinball loss in bps of each held-out order by model and by book, and the hour in which it was sent."""

    hours: "pd.Series[Any]"
    model_loss: Array
    book_loss: Array


def walk_forward_losses(orders: pd.DataFrame) -> HeldOut | None:
    """Losses of models that knew only the orders before: the second half of `orders`, sorted by time, in FOLDS parts.

    The book states one number for every quantile. None where nothing can be held out.
    """
    model, book, hours = [], [], []
    for known, held_out in _folds(orders):
        fitted = fit_slippage(orders[known])
        rows = orders[held_out]
        actual = rows["slippage_bps"].to_numpy(np.float64)
        model.append(pinball_loss(actual, fitted.quantiles(slippage_features(rows))))
        book.append(pinball_loss(actual, np.tile(book_slippage_bps(rows)[:, None], (1, len(QUANTILES)))))
        hours.append(rows["timestamp_utc"])
    if not hours:
        return None
    return HeldOut(pd.concat(hours, ignore_index=True), np.concatenate(model), np.concatenate(book))


def _folds(orders: pd.DataFrame) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Rows known and held out; an hour is never on both sides."""
    times = orders["timestamp_utc"].dt.tz_convert(None).to_numpy("datetime64[us]").astype(np.int64)
    cuts = np.quantile(times, np.linspace(0.5, 1.0, FOLDS + 1), method="lower")
    for number, (first, last) in enumerate(pairwise(cuts)):
        end = times <= last if number == FOLDS - 1 else times < last
        held_out = (times >= first) & end
        if held_out.any() and (times < first).sum() >= MIN_ROWS:
            yield times < first, held_out
