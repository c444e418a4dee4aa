"""Every check passes for the registry, and each catches what it was made for."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import HOUR, CandleSet
from okx_core.features.declaration import Feature
from okx_core.features.registry import FEATURES
from okx_core.validation.columns import population_stability
from okx_core.validation.validate import validate


def planted(compute, timeframe="1h", **said):
    return Feature(
        name="planted", group="test", description="made to fail", unit="ratio", lookback_bars=1, compute=compute,
        formula="see the test", inputs=("close",), timeframe=timeframe, **said,
    )  # fmt: skip


def suspected(market, feature):
    """The checks that a user's own feature fails among honest ones."""
    honest = tuple(known for known in FEATURES if known.name in ("rsi", "log_return", "hour_sin"))
    return {result.check for result in validate(market, (*honest, feature)) if "planted" in result.suspects}


def test_every_proof_passes_for_every_feature(market):
    results = list(validate(market))
    assert [result.check for result in results if not result.passed] == []
    assert {result.tried for result in results} == {len(FEATURES)}
    assert len(results) == 9


def centred_window(bars):
    ahead = np.full(bars.close.shape, np.nan)
    ahead[:, :-1] = bars.close[:, 1:]
    return bars.close / ahead


def same_bucket_4h(bars):
    """The close of the 4h bucket that a bar lies in: known only up to 3 hours later."""
    last = bars.numbers() // 4 * 4 + 3 - bars.first_bar
    return bars.close[:, np.minimum(last, bars.close.shape[1] - 1)] / bars.close


def next_hour_rank(market):
    following = np.full(market.bars.close.shape, np.nan)
    following[:, :-1] = market.bars.log_return[:, 1:]
    return market.rank(following)


@pytest.mark.parametrize(
    ("compute", "timeframe"), [(centred_window, "1h"), (same_bucket_4h, "1h"), (next_hour_rank, "cross")]
)
def test_a_leak_is_caught_by_truncation_poison_and_rank_ic(market, compute, timeframe):
    feature = planted(compute, timeframe, may_be_unknown="the last bar")
    assert {"truncation", "poison", "rank IC"} <= suspected(market, feature)


def test_a_running_sum_from_wherever_the_array_starts_is_caught(market):
    assert "start-invariance" in suspected(market, planted(lambda bars: np.nancumsum(bars.volume, axis=1)))


def test_an_unexplained_null_is_caught_and_a_declared_one_is_not(market):
    def often_unknown(bars):
        return np.where(bars.close % 0.01 < 0.001, np.nan, bars.log_return)

    assert "null rates" in suspected(market, planted(often_unknown, may_be_unknown=""))
    assert "null rates" not in suspected(market, planted(often_unknown, may_be_unknown="by lot"))


def test_a_constant_and_a_copy_are_caught(market):
    assert "distinct" in suspected(market, planted(lambda bars: np.ones(bars.close.shape)))
    assert "distinct" in suspected(market, planted(lambda bars: 3.0 - 50.0 * bars.rsi_14))
    assert "distinct" in suspected(market, planted(lambda bars: np.full(bars.close.shape, np.nan)))
    assert suspected(market, planted(lambda bars: np.sqrt(bars.volume))) <= {"drift"}


def test_a_feature_that_dies_or_drifts_is_noted(market):
    def dies(bars):
        silent = bars.numbers() > last_hour - 30
        return np.where(silent, np.nan, bars.volume)

    last_hour = int(market.hourly["timestamp_utc"].max().timestamp()) // 3600
    feature = planted(dies, may_be_unknown="it dies")
    assert "null shift" in suspected(market, feature)
    assert "drift" in suspected(market, planted(lambda bars: bars.numbers() * bars.close / bars.close))


def test_a_universe_of_tomorrow_is_not_known(market):
    days = market.hourly["timestamp_utc"].dt.date.unique()
    generator = np.random.default_rng(2)
    rows = [(day, pair, generator.random() < 0.7) for day in days for pair in market.hourly["pair"].unique()]
    universe = pd.DataFrame(rows, columns=["day", "pair", "enabled"])
    results = {result.check: result for result in validate(replace(market, universe=universe))}
    assert all(results[name].passed for name in ("truncation", "poison", "start-invariance"))


def test_candles_of_a_few_days_prove_nothing_and_say_so(market):
    hourly = market.hourly
    short = hourly[hourly["timestamp_utc"] < hourly["timestamp_utc"].min() + 24 * HOUR]
    with pytest.raises(OkxSignalError, match="at least 60 days"):
        next(validate(CandleSet.of_hourly(short)))


def test_the_stability_index_of_the_same_population_is_small_and_of_another_large():
    generator = np.random.default_rng(1)
    old, same, moved = (generator.normal(shift, 1.0, 20_000) for shift in (0.0, 0.0, 1.0))
    assert population_stability(old, same) < 0.01
    assert population_stability(old, moved) > 0.5
    assert population_stability(np.zeros(5_000), np.zeros(5_000)) == pytest.approx(0.0, abs=1e-9)


def test_candles_of_higher_timeframes_are_known_when_they_close(market):
    row = datetime(2020, 2, 3, 10, tzinfo=UTC)
    known = market.known_at(row).frames
    assert known["1h"]["timestamp_utc"].max() == row
    assert known["15m"]["timestamp_utc"].max() == row + 0.75 * HOUR
    assert known["4h"]["timestamp_utc"].max() == row - 6 * HOUR
    assert known["1d"]["timestamp_utc"].max() == row.replace(hour=0) - 24 * HOUR
