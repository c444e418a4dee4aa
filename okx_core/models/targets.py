"""What members are fitted to, and how much each row counts; all on grids [hours, pairs]."""

from collections.abc import Callable, Mapping

import numpy as np

from okx_core.compilation import compiled
from okx_core.errors import OkxSignalError
from okx_core.labels.declaration import FutureBars
from okx_core.labels.events import resistance_event, support_event
from okx_core.market.fees import TAKER_FEE_RATE
from okx_core.models.panel import MIN_PAIRS, Prices
from okx_core.models.ranks import Floats, grid_ranks

Target = Callable[[Prices, int], Floats]

TOP_SHARE = 1.0 / 3.0


class TargetError(OkxSignalError):
    """A target cannot be made of the prices that there are."""


def future_return_pct(closes: Floats, hours: int) -> Floats:
    """100 (close[t + hours] / close[t] - 1); NaN where one of both bars is missing."""
    out = np.full(closes.shape, np.nan)
    if hours < len(closes):
        out[:-hours] = 100.0 * (closes[hours:] / closes[:-hours] - 1.0)
    return out


def excess(returns: Floats) -> Floats:
    """Return less the mean return of the hour's known pairs; NaN for an hour with fewer than three of them."""
    known = ~np.isnan(returns)
    count = known.sum(axis=1, keepdims=True)
    mean = np.where(known, returns, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    return np.where(count >= MIN_PAIRS, returns - mean, np.nan)


def rank(returns: Floats) -> Floats:
    """Rank of the return inside its hour, -0.5 worst to 0.5 best."""
    return grid_ranks(returns, MIN_PAIRS)


def top_third(returns: Floats) -> Floats:
    """1 for the best third of the hour's known pairs, 0 for the others; fitted by squared error it is a probability."""
    ranks = rank(returns)
    return np.where(np.isnan(ranks), np.nan, (ranks >= 0.5 - TOP_SHARE).astype(np.float64))


def plain(returns: Floats) -> Floats:
    """The return itself, percent."""
    return returns


def profit_after_fees(returns: Floats) -> Floats:
    """1 where the return is more than two taker fees, else 0; of any pair, whatever the others do."""
    kept = (1.0 + returns / 100.0) * (1.0 - TAKER_FEE_RATE) ** 2
    return np.where(np.isnan(kept), np.nan, (kept > 1.0).astype(np.float64))


def _of_return(made: Callable[[Floats], Floats]) -> Target:
    return lambda prices, hours: made(future_return_pct(prices.close, hours))


def breakout(prices: Prices, hours: int) -> Floats:
    """The label resistance_event_24h, of `hours`: 1 breakout, -1 rebound from resistance, 0 neither."""
    return _event(resistance_event, prices, hours)


def rebound(prices: Prices, hours: int) -> Floats:
    """The label support_event_24h, of `hours`: 1 rebound from support, -1 breakdown, 0 neither."""
    return _event(support_event, prices, hours)


def _event(event: Callable[[FutureBars, int], tuple[Floats, Floats]], prices: Prices, hours: int) -> Floats:
    if prices.high is None or prices.low is None:
        raise TargetError("events at support and resistance need highs and lows beside the closes")
    bars = (np.ascontiguousarray(grid.T) for grid in (prices.high, prices.low, prices.close))
    with np.errstate(all="ignore"):
        return np.ascontiguousarray(event(FutureBars(*bars), hours)[0].T)


TARGETS: Mapping[str, Target] = {
    "rank": _of_return(rank), "excess": _of_return(excess), "return": _of_return(plain),
    "top_third": _of_return(top_third), "profit_after_fees": _of_return(profit_after_fees),
    "breakout": breakout, "rebound": rebound,
}  # fmt: skip
OF_EVENTS = frozenset({"breakout", "rebound"})
OF_CLASSES = OF_EVENTS | {"top_third", "profit_after_fees"}


def words_of(target: str, hours: int) -> str:
    """What a member of this target and horizon is fitted to."""
    return {
        "rank": f"rank of the {hours} h return inside its hour",
        "excess": f"{hours} h return less the mean of its hour",
        "return": f"{hours} h return",
        "top_third": f"chance of being in the best third of its hour by the {hours} h return",
        "profit_after_fees": f"chance of a {hours} h return above two taker fees",
        "breakout": f"breakout (1) or rebound (-1) at the nearest resistance within {hours} h",
        "rebound": f"rebound (1) or breakdown (-1) at the nearest support within {hours} h",
    }[target]


def class_weights(target: Floats) -> Floats:
    """Weight of each row that gives every class of `target` [rows] the same total; the mean is 1.

    Source: King and Zeng (2001), Logistic Regression in Rare Events Data; scikit-learn's "balanced".
    """
    _, places, counts = np.unique(target, return_inverse=True, return_counts=True)
    return np.asarray(len(target) / (len(counts) * counts[places]))


@compiled
def uniqueness(labelled: Floats, horizon: int) -> Floats:
    """Average uniqueness of each label: mean over its hours of 1 / labels of the pair that cover the hour.

    `labelled` is 1 where a row takes part and 0 elsewhere [hours, pairs]; the label of hour t covers t + 1 to
    t + horizon. 0 where no row takes part. Source: Lopez de Prado, Advances in Financial Machine Learning, ch. 4.
    """
    hours, pairs = labelled.shape
    out = np.zeros((hours, pairs))
    shares = np.zeros(hours + horizon + 1)  # the sum of shares of all hours before
    for pair in range(pairs):
        covering = 0.0
        for hour in range(hours + horizon):
            shares[hour + 1] = shares[hour] + (1.0 / covering if covering > 0.0 else 0.0)
            if hour < hours:
                covering += labelled[hour, pair]
            if hour >= horizon:
                covering -= labelled[hour - horizon, pair]
        for hour in range(hours):
            out[hour, pair] = labelled[hour, pair] * (shares[hour + 1 + horizon] - shares[hour + 1]) / horizon
    return out


def decay(ages_hours: Floats, half_life_weeks: float | None) -> Floats:
    """Weight of a row by its age: halved every `half_life_weeks`, 1 without one."""
    if half_life_weeks is None:
        return np.ones_like(ages_hours)
    return np.asarray(0.5 ** (ages_hours / (half_life_weeks * 168.0)))
