"""Look-ahead of features of one pair, at many moments in few passes: each pair is cut at a moment of its own.

A feature of a pair's own bars depends on no other pair, so one computation tests as many moments as there are
pairs, and every row before each moment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from okx_core.features.candle_set import SUMS_AND_PRICES, CandleSet, is_paid_after, with_other_payments
from okx_core.features.declaration import Feature
from okx_core.features.timeframes import TIMEFRAMES
from okx_core.hours import HOUR
from okx_core.validation.look_ahead import POISONS, Sameness, compare
from okx_core.validation.moments import Events
from okx_core.validation.result import ValidationResult, validation_result
from okx_core.validation.unknowns import with_unknowns

Cuts = dict[str, datetime]
UNKNOWN_OF = 3


def truncation(
    candles: CandleSet, full: pd.DataFrame, moments: Sequence[datetime], features: Sequence[Feature],
    events: Events | None = None,
) -> ValidationResult:  # fmt: skip
    """Features of each pair up to its moment, from all candles (`full`) and from those closed by then.

    In one group of moments of `UNKNOWN_OF` the values right before them are unknown.
    """
    found: Sameness = {}
    groups = list(_groups(candles, moments, events)) if features else []
    unknown = groups[::UNKNOWN_OF]
    planted = with_unknowns(
        candles,
        {pair: [cuts[pair] for cuts in unknown if pair in cuts] for pair in candles.hourly["pair"].unique()},
    )
    start = full["timestamp_utc"].min().to_pydatetime()
    other = planted.features(start, full["timestamp_utc"].max() + HOUR, features) if unknown else full
    for place, cuts in enumerate(groups):
        known, expected = (candles, full) if place % UNKNOWN_OF else (planted, other)
        frames = {name: frame[~_is_future(frame, name, cuts)] for name, frame in known.frames.items()}
        funding = known.funding
        if funding is not None:
            funding = funding[~is_paid_after(funding, _closes(cuts))]
        _compare(replace(known, frames=frames, funding=funding), expected, cuts, features, found)
    return validation_result("truncation", features, found, _evidence(groups))


def _evidence(groups: Sequence[Cuts]) -> str:
    return f"{sum(map(len, groups))} moments of a pair and all rows before each"


def poison(
    candles: CandleSet,
    full: pd.DataFrame,
    moments: Sequence[datetime],
    features: Sequence[Feature],
    events: Events | None = None,
) -> ValidationResult:
    """Features of each pair up to its moment, when everything after it is unknown, huge or tiny."""
    found: Sameness = {}
    groups = list(_groups(candles, moments, events)) if features else []
    for place, cuts in enumerate(groups):
        frames = {}
        for name, frame in candles.frames.items():
            scale = np.where(_is_future(frame, name, cuts), POISONS[place % len(POISONS)], 1.0)
            columns = [column for column in SUMS_AND_PRICES if column in frame]
            frames[name] = frame.assign(
                **{column: frame[column].astype(np.float64).to_numpy() * scale for column in columns}
            )
        funding = candles.funding
        if funding is not None:
            funding = with_other_payments(funding, _closes(cuts))
        _compare(replace(candles, frames=frames, funding=funding), full, cuts, features, found)
    return validation_result("poison", features, found, _evidence(groups))


def _groups(candles: CandleSet, moments: Sequence[datetime], events: Events | None = None) -> Iterator[Cuts]:
    """A moment inside its history for each pair, its own events last, until every moment has had its turn."""
    spans = candles.hourly.groupby("pair")["timestamp_utc"].agg(["min", "max"])
    left = list(moments)
    own = {pair: list(times) for pair, times in (events or {}).items()}
    while left or any(own.values()):
        cuts: Cuts = {}
        for pair, first, last in spans.itertuples():
            inside = next((moment for moment in left if first < moment < last), None)
            if inside is not None:
                left.remove(inside)
            elif own.get(str(pair)):
                inside = own[str(pair)].pop(0)
            if inside is not None:
                cuts[str(pair)] = inside
        if not cuts:
            return
        yield cuts


def _is_future(frame: pd.DataFrame, timeframe: str, cuts: Cuts) -> "pd.Series[bool]":
    """Rows that close after the moment of their pair; pairs without a moment have no future."""
    length = timedelta(minutes=TIMEFRAMES[timeframe].minutes)
    closes = {pair: pd.Timestamp(moment) for pair, moment in _closes(cuts).items()}
    future: pd.Series[bool] = frame["timestamp_utc"] + length > frame["pair"].map(closes)
    return future


def _closes(cuts: Cuts) -> Cuts:
    """When the bar of each pair's moment closes."""
    return {pair: moment + HOUR for pair, moment in cuts.items()}


def _compare(
    candles: CandleSet, full: pd.DataFrame, cuts: Cuts, features: Sequence[Feature], found: Sameness
) -> None:
    """The rows of each pair up to its moment, byte for byte."""
    names = ["pair", "timestamp_utc", *(feature.name for feature in features)]
    start = full["timestamp_utc"].min().to_pydatetime()
    rows = candles.features(start, max(cuts.values()) + HOUR, features)
    known = [
        frame[~_is_future(frame, "1h", cuts) & frame["pair"].isin(cuts)] for frame in (full[names], rows)
    ]
    compare(known[0], known[1], "at the moments of the pairs", found)
