"""Values that are unknown right before a moment show what is filled in from later rows."""

import numpy as np
import pandas as pd
import pytest

from okx_core.hours import HOUR
from okx_core.validation.look_ahead import compare
from okx_core.validation.unknowns import with_unknowns
from tests.okx_core.validation.planted import planted, suspected
from tests.synthetic_market import some_pairs


def filled_from_later(values):
    return pd.DataFrame(values.T).bfill().to_numpy().T


def drawn_to_later(values):
    return pd.DataFrame(values.T).interpolate(limit_area="inside").to_numpy().T


def of_others(market):
    """The mean close of all pairs, those that are missing from later on."""
    return np.broadcast_to(np.log(filled_from_later(market.bars.close)).mean(axis=0), market.bars.close.shape)


LEAKS = {
    "volume": (lambda bars: np.log1p(filled_from_later(bars.volume)), "1h", ("volume",)),
    "volume on a line": (lambda bars: np.log1p(drawn_to_later(bars.volume)), "1h", ("volume",)),
    "takers": (lambda bars: filled_from_later(bars.taker_buy_base), "1h", ("taker_buy_base",)),
    "volume of 4 hours": (lambda bars: np.log1p(filled_from_later(bars.volume)), "4h", ("volume",)),
    "volume of a day": (lambda bars: np.log1p(drawn_to_later(bars.volume)), "1d", ("volume",)),
    "volume of 15 minutes": (lambda bars: np.log1p(filled_from_later(bars.volume)), "15m", ("volume",)),
    "other pairs": (of_others, "cross", ("close", "universe")),
}


@pytest.mark.usefixtures("few_moments")
@pytest.mark.parametrize(("pairs", "name"), [*((6, name) for name in LEAKS), (3, "volume"), (3, "takers")])
def test_what_is_filled_in_from_later_rows_is_caught_in_clean_candles(market, name, pairs):
    compute, timeframe, inputs = LEAKS[name]
    feature = planted(compute, timeframe, inputs, may_be_unknown="where the candles are")
    assert suspected(some_pairs(market, pairs), feature, "truncation") == {"truncation"}


def test_unknown_are_the_newest_bars_that_a_moment_knows(market):
    pairs = sorted(market.hourly["pair"].unique())[:3]
    moment = market.hourly["timestamp_utc"].min().to_pydatetime() + 300 * HOUR
    planted_in = with_unknowns(market, {pair: [moment] for pair in pairs}, without_hours=True)
    hourly = planted_in.hourly
    unknown = hourly.loc[hourly["volume"].isna(), ["pair", "timestamp_utc"]]
    newest = pd.Timestamp(moment)
    assert set(unknown.itertuples(index=False, name=None)) == {
        (pairs[0], newest), (pairs[0], newest - HOUR), (pairs[1], newest), (pairs[1], newest - HOUR),
        (pairs[2], newest - HOUR),
    }  # fmt: skip
    assert len(hourly) == len(market.hourly) - 1
    assert len(planted_in.frames["4h"]) == len(market.frames["4h"]) - 1
    assert planted_in.frames["1d"]["volume"].isna().sum() == 2


def test_a_value_that_is_unknown_on_both_sides_is_the_same(market):
    rows = market.hourly[["pair", "timestamp_utc"]].head(3)
    values = np.array([1.0, np.nan, 2.0], dtype=np.float32)
    found: dict[str, str] = {}
    compare(rows.assign(x=values), rows.assign(x=-1.0 * -np.copysign(values, -1.0)), "now", found)
    assert list(found) == ["x"]
    found.clear()
    negative = np.where(np.isnan(values), np.copysign(values, np.float32(-1.0)), values)
    assert negative.tobytes() != values.tobytes()
    compare(rows.assign(x=values), rows.assign(x=negative), "now", found)
    assert found == {}
