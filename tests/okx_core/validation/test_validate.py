"""Every check passes for the registry, and each catches what it was made for."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from okx_core.features.candle_set import HOUR, CandleSet
from okx_core.features.registry import FEATURES
from okx_core.validation.columns import population_stability
from okx_core.validation.leakage import rank_ic
from okx_core.validation.moments import decision_moments
from okx_core.validation.validate import CLAIMS, validate
from tests.okx_core.validation.planted import BY_NAME, planted, suspected
from tests.synthetic_market import some_pairs


@pytest.mark.parametrize("pairs", [6, pytest.param(20, marks=pytest.mark.soak)])
def test_every_proof_passes_for_every_feature(market, pairs):
    results = list(validate(some_pairs(market, pairs)))
    assert [result.check for result in results if not result.passed] == []
    assert {result.tried for result in results} == {len(FEATURES)}
    assert [result.check for result in results] == list(CLAIMS)


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


@pytest.mark.usefixtures("few_moments")
@pytest.mark.parametrize(
    ("compute", "timeframe"), [(centred_window, "1h"), (same_bucket_4h, "1h"), (next_hour_rank, "cross")]
)
def test_a_leak_is_caught_by_truncation_poison_and_rank_ic(market, compute, timeframe):
    feature = planted(compute, timeframe, may_be_unknown="the last bar")
    assert {"truncation", "poison", "rank IC"} <= suspected(
        market, feature, "truncation", "poison", "rank IC"
    )


def test_a_running_sum_from_wherever_the_array_starts_is_caught(market):
    assert "start-invariance" in suspected(
        market, planted(lambda bars: np.nancumsum(bars.volume, axis=1)), "start-invariance"
    )


def test_an_unexplained_null_is_caught_and_a_declared_one_is_not(market):
    def often_unknown(bars):
        return np.where(bars.close % 0.01 < 0.001, np.nan, bars.log_return)

    assert "null rates" in suspected(market, planted(often_unknown, may_be_unknown=""), "null rates")
    assert "null rates" not in suspected(
        market, planted(often_unknown, may_be_unknown="by lot"), "null rates"
    )


@pytest.mark.usefixtures("few_moments")
def test_a_constant_and_a_copy_are_caught(market):
    assert "distinct" in suspected(market, planted(lambda bars: np.ones(bars.close.shape)), "distinct")
    assert "distinct" in suspected(market, planted(lambda bars: 3.0 - 50.0 * bars.rsi_14), "distinct")
    assert "distinct" in suspected(
        market, planted(lambda bars: np.full(bars.close.shape, np.nan)), "distinct"
    )
    honest = planted(lambda bars: np.sqrt(bars.volume), inputs=("volume",))
    assert suspected(market, honest) <= {"drift", "near copies", "information"}


def test_a_feature_that_dies_or_drifts_is_noted(market):
    def dies(bars):
        silent = bars.numbers() > last_hour - 30
        return np.where(silent, np.nan, bars.volume)

    last_hour = int(market.hourly["timestamp_utc"].max().timestamp()) // 3600
    feature = planted(dies, may_be_unknown="it dies")
    assert "null shift" in suspected(market, feature, "null shift")
    assert "drift" in suspected(
        market, planted(lambda bars: bars.numbers() * bars.close / bars.close), "drift"
    )


@pytest.mark.usefixtures("few_moments")
def test_a_universe_of_tomorrow_is_not_known(market):
    days = market.hourly["timestamp_utc"].dt.date.unique()
    generator = np.random.default_rng(2)
    rows = [(day, pair, generator.random() < 0.7) for day in days for pair in market.hourly["pair"].unique()]
    universe = pd.DataFrame(rows, columns=["day", "pair", "enabled"])
    compared = [feature for feature in FEATURES if feature.timeframe == "cross"]
    candles, checks = replace(market, universe=universe), ("truncation", "poison", "start-invariance")
    results = {result.check: result for result in validate(candles, compared, checks=checks)}
    assert all(results[name].passed for name in checks)


def at_hours(chosen):
    """A leak of the next close, in the hours that `chosen` says alone."""

    def leaking(bars):
        ahead = bars.close.copy()
        ahead[:, :-1] = bars.close[:, 1:]
        return np.where(chosen(bars.numbers()), ahead / bars.close - 1.0, bars.log_return)

    return planted(leaking, lookback_bars=2, may_be_unknown="the last bar")


def is_sunday_at_13(hours):
    return (hours + 72) % 168 == 6 * 24 + 13


@pytest.mark.parametrize(
    "chosen", [is_sunday_at_13, lambda hours: hours % 24 == 22, lambda hours: hours % 24 == 5]
)
def test_a_leak_in_some_hours_of_the_week_alone_is_caught(market, chosen):
    assert {"truncation", "poison"} <= suspected(market, at_hours(chosen), "truncation", "poison")


@pytest.mark.parametrize("hour", range(0, 168, 7))
def test_every_hour_of_the_week_is_tested(hour):
    start = datetime(2021, 3, 3, 5, tzinfo=UTC)
    moments = decision_moments(start, start + 60 * 24 * HOUR, seed=1)
    assert hour in {int(moment.timestamp()) // 3600 % 168 for moment in moments}


@pytest.mark.parametrize("days", [60, 200, 2000])
def test_the_moments_cover_the_history_from_its_start(days):
    start = datetime(2021, 3, 3, 5, tzinfo=UTC)
    moments = decision_moments(start, start + days * 24 * HOUR, seed=1)
    shares = np.array([(moment - start) / (days * 24 * HOUR) for moment in moments])
    assert np.histogram(shares, 10, (0.0, 1.0))[0].min() >= 8
    assert moments != decision_moments(start, start + days * 24 * HOUR, seed=2)


def test_a_leak_in_the_first_weeks_alone_is_caught(market):
    first = int(market.hourly["timestamp_utc"].min().timestamp()) // 3600
    assert "truncation" in suspected(market, at_hours(lambda hours: hours < first + 24 * 10), "truncation")


def test_an_undeclared_input_is_named(market):
    results = {
        found.check: found
        for found in validate(market, [planted(lambda bars: bars.volume / bars.close)], checks=["inputs"])
    }
    (violation,) = results["inputs"].violations
    assert violation.detail == "reads volume, which its inputs do not name"
    of_clock = planted(lambda bars: bars.close * (bars.numbers() % 24 == 13))
    assert "inputs" in suspected(market, of_clock, "inputs")
    of_universe = planted(lambda cross: cross.mean(cross.bars.close), "cross", may_be_unknown="alone")
    assert "inputs" in suspected(market, of_universe, "inputs")


def test_near_copies_and_flags_that_hardly_change_are_listed_and_fail_nothing(market):
    curved = planted(lambda bars: np.exp(bars.rsi_14 / 50.0), lookback_bars=28, anchored=True)
    rare = planted(lambda bars: 1.0 * (bars.numbers() % 400 == 0) + 0.0 * bars.close)
    results = {
        found.check: found for found in validate(market, (BY_NAME["rsi"], curved), checks=["near copies"])
    }
    assert results["near copies"].violations[0].detail.endswith("with rsi")
    assert results["near copies"].passed
    assert "near copies" in suspected(market, rare, "near copies")


def test_a_feature_that_says_nothing_is_listed(market):
    def noise(bars):
        return np.random.default_rng(int(bars.numbers()[-1])).normal(size=bars.close.shape) + 0.0 * bars.close

    frame = market.features(*span(market), [planted(noise)])
    results = rank_ic(frame, market.hourly, [planted(noise)])
    assert [found.suspects for found in results] == [set(), {"planted"}]


def span(market):
    opens = market.hourly["timestamp_utc"]
    return opens.min().to_pydatetime(), opens.max().to_pydatetime() + HOUR


@pytest.mark.parametrize("horizon", [24, 72])
def test_a_leak_of_a_later_return_shows_across_pairs(market, horizon):
    """In rows that someone else computed, so that only their relation with the future can show it."""
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"])
    later = hourly.groupby("pair")["close"].shift(-horizon) / hourly["close"]
    frame = hourly[["pair", "timestamp_utc"]].assign(planted=later.astype(np.float32))
    leak, _ = rank_ic(frame, market.hourly, [planted(None)])
    assert f"the next {horizon} h across pairs" in leak.violations[0].detail


def test_a_finding_of_the_rank_ic_shows_the_pair_and_the_hours(market):
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"])
    later = hourly.groupby("pair")["close"].shift(-1) / hourly["close"]
    known = (hourly["pair"] == "BTC-USDT") | is_sunday_at_13(
        hourly["timestamp_utc"].astype("int64") // 3_600_000_000
    )
    noise = np.random.default_rng(1).normal(size=len(hourly))
    frame = hourly[["pair", "timestamp_utc"]].assign(planted=np.where(known, later, noise).astype(np.float32))
    leak, _ = rank_ic(frame, market.hourly, [planted(None)])
    assert "BTC-USDT" in leak.violations[0].detail
    only = hourly["pair"] != "BTC-USDT"
    of_hour, _ = rank_ic(frame[only], market.hourly, [planted(None)])
    assert "Sunday 13:00" in of_hour.violations[0].detail


def test_a_feature_known_in_a_few_weeks_is_not_held_to_the_bound_of_many(market):
    """By chance the IC of one of 168 hours of the week is large where it rests on few rows."""
    hourly = market.hourly.sort_values(["pair", "timestamp_utc"])
    later = hourly.groupby("pair")["close"].shift(-1) / hourly["close"]
    recent = hourly["timestamp_utc"] > hourly["timestamp_utc"].max() - 70 * 24 * HOUR
    numbers = hourly["timestamp_utc"].astype("int64") // 3_600_000_000
    noise = np.random.default_rng(1).normal(size=len(hourly)) * later.std()
    values = np.where(is_sunday_at_13(numbers), later - 1.0 + 0.7 * noise, noise)
    frame = hourly[["pair", "timestamp_utc"]].assign(planted=np.where(recent, values, np.nan))
    assert rank_ic(frame, market.hourly, [planted(None)])[0].violations == ()
    known = frame.assign(planted=values)
    assert "Sunday 13:00" in rank_ic(known, market.hourly, [planted(None)])[0].violations[0].detail


def test_candles_of_a_few_days_prove_nothing_and_say_so(market):
    hourly = market.hourly
    short = hourly[hourly["timestamp_utc"] < hourly["timestamp_utc"].min() + 24 * HOUR]
    with pytest.raises(OkxSignalError, match="at least 45 days"):
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
