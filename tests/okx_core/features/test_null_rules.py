"""Missing hours, first bars, flat bars and bars without volume."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.features.registry import FEATURES
from okx_core.features.timeframes import TIMEFRAMES

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
START = datetime(2024, 1, 3, tzinfo=UTC)
HOURLY = [feature for feature in FEATURES if feature.timeframe in ("1h", "cross")]
HIGHER = [feature for feature in FEATURES if feature.timeframe in ("4h", "1d", "15m")]

UNKNOWN_THEN = {feature.name for feature in HIGHER}


def by_name(feature):
    return feature.name


@pytest.mark.parametrize("feature", HOURLY, ids=by_name)
def test_the_first_bars_are_null_and_the_value_comes_with_the_declared_lookback(calm_full, feature):
    values = calm_full.xs("ETH-USDT", level="pair")[feature.name].to_numpy()
    assert np.isnan(values[: feature.lookback_bars - 1]).all()
    assert not np.isnan(values[feature.lookback_bars - 1 :]).any()


@pytest.mark.parametrize("feature", HIGHER, ids=by_name)
def test_a_higher_timeframe_appears_when_its_declared_bars_have_closed(calm_full, feature):
    values = calm_full.xs("ETH-USDT", level="pair")[feature.name]
    close_of_last = START + feature.lookback_bars * TIMEFRAMES[feature.timeframe].minutes * MINUTE
    first_row = pd.Timestamp(close_of_last).ceil("h") - HOUR
    assert values.first_valid_index() == first_row


@pytest.mark.parametrize("feature", HIGHER, ids=by_name)
def test_a_higher_timeframe_changes_only_when_a_bar_closes(calm_full, feature):
    values = calm_full.xs("ETH-USDT", level="pair")[feature.name].dropna()
    changed = values.index[1:][values.to_numpy()[1:] != values.to_numpy()[:-1]]
    assert len(changed) > 40
    assert {(moment + HOUR).hour * 60 % TIMEFRAMES[feature.timeframe].minutes for moment in changed} == {0}


MAX_COST = 5  # rows that need the hour: two of six returns are unknown, which is too many, for so long


@pytest.mark.parametrize("feature", HOURLY, ids=by_name)
def test_a_missing_hour_costs_a_feature_only_the_rows_that_need_it(full, feature):
    values = full.xs("ETH-USDT", level="pair")[feature.name]
    after = values.loc[datetime(2024, 5, 29, 14, tzinfo=UTC) :]
    assert len(after) > 100
    assert after.isna().sum() <= MAX_COST


@pytest.fixture(scope="module")
def after_an_outage(calm):
    """Rows of a pair that had no bar for 60 hours, which is more than a quarter of any look-back."""
    opens, start = calm.hourly["timestamp_utc"], datetime(2024, 5, 10, 6, tzinfo=UTC)
    lost = (calm.hourly["pair"] == "ETH-USDT") & (opens >= start) & (opens < start + 60 * HOUR)
    rows = replace(calm, hourly=calm.hourly[~lost]).features(start + 60 * HOUR, start + 260 * HOUR)
    return rows.xs("ETH-USDT", level="pair")


@pytest.mark.parametrize("feature", HOURLY, ids=by_name)
def test_after_a_long_gap_a_feature_is_null_until_its_lookback_is_known_again(after_an_outage, feature):
    values = after_an_outage[feature.name].to_numpy()
    assert np.isnan(values[: feature.lookback_bars - 1]).all()
    assert not np.isnan(values[feature.lookback_bars - 1 :]).any()


def test_a_missing_hour_shifts_no_window(calm, calm_full):
    gap = datetime(2024, 5, 14, 6, tzinfo=UTC)
    broken = calm.hourly[calm.hourly["timestamp_utc"] != gap]
    rows = replace(calm, hourly=broken).features(gap + HOUR, gap + 200 * HOUR)
    assert rows.index[0][0] == gap + HOUR
    for feature in HOURLY:
        if not feature.anchored:
            past = rows.loc[gap + feature.lookback_bars * HOUR :, feature.name]
            expected = calm_full[feature.name].loc[past.index]
            assert len(past)
            assert past.to_numpy().tobytes() == expected.to_numpy().tobytes(), feature.name


DERIVED = [feature for feature in FEATURES if feature.timeframe in ("4h", "1d")]


@pytest.mark.parametrize("feature", DERIVED, ids=by_name)
def test_a_bar_with_three_quarters_of_its_hours_makes_no_feature_unknown(calm, calm_full, feature):
    names = ["4h", "1d"]
    lost = [datetime(2024, 5, 14, 6, tzinfo=UTC), datetime(2024, 5, 20, 23, tzinfo=UTC)]
    broken = type(calm).of(calm.hourly[~calm.hourly["timestamp_utc"].isin(lost)])
    rows = broken.features(lost[0], lost[1] + 300 * HOUR, [feature])[feature.name]
    assert feature.timeframe in names
    assert rows.notna().all()
    assert (rows - calm_full[feature.name].loc[rows.index]).abs().max() < 2.0 * calm_full[feature.name].std()


def test_a_bucket_with_half_of_its_hours_is_unknown_until_the_next_one_closes(calm):
    lost = [datetime(2024, 5, 14, hour, tzinfo=UTC) for hour in (5, 6)]
    broken = type(calm).of(calm.hourly[~calm.hourly["timestamp_utc"].isin(lost)])
    rows = broken.features(lost[0] - HOUR, lost[0] + 20 * HOUR).xs("BTC-USDT", level="pair")
    width = rows["bollinger_width_4h"]
    assert width.isna().to_dict() == {
        moment: 7 <= moment.hour < 11 and moment.day == 14 for moment in rows.index
    }


FLAT = {
    "log_return": 0.0,
    "prev_close_change_pct": 0.0,
    "price_velocity": 0.0,
    "price_acceleration": 0.0,
    "gap_open": 0.0,
    "stoch_d_14": 50.0,
    "aroon_up": 100.0,
    "aroon_down": 100.0,
    "aroon_oscillator": 0.0,
    "true_range": 0.0,
    "true_range_pct": 0.0,
    "bollinger_width_quote": 0.0,
    "donchian_channel_width_quote": 0.0,
    "parkinson_30": 0.0,
    "garman_klass_30": 0.0,
    "volume_average_ratio": 1.0,
    "taker_buy_ratio": 0.5,
    "vwma_distance_20": 0.0,
    "chaikin_money_flow": 0.0,
    "volume_price_trend_slope": 0.0,
    "volume_price_confirmation": 0.0,
    "std_dev_returns_20": 0.0,
    "kurtosis_20": 0.0,
    "hurst_exponent": 0.5,
    "shannon_entropy": 0.0,
    "bid_ask_spread": 0.0,
    "amihud_illiquidity": 0.0,
    "amihud_illiquidity_ratio": 1.0,
    "doji": 1.0,
    "hammer": 0.0,
    "engulfing": 0.0,
    "morning_star": 0.0,
    "evening_star": 0.0,
    "inside_bar": 0.0,
    "outside_bar": 0.0,
    "support_level": 42.0,
    "resistance_level": 42.0,
    "support_distance": 0.0,
    "resistance_distance": 0.0,
    "breakout_distance_atr": 0.0,
    "confirmed_breakout": 0.0,
    "low_volatility": 0.0,
    "high_volatility": 0.0,
    "volatility_regime_confidence": 0.0,
    "relative_close_position": 0.5,
    "rsi_slope": 0.0,
    "stoch_k_14": 50.0,
    "williams_r_14": -50.0,
    "cci_14": 0.0,
    "bollinger_width": 0.0,
    "bollinger_percent_b": 0.5,
    "donchian_channel_width": 0.0,
    "historical_vol_30": 0.0,
    "volatility_ratio_6_48": 1.0,
    "ulcer_14": 0.0,
    "money_flow_index": 50.0,
    "obv_slope": 0.0,
    "volume_change_pct": 0.0,
    "volume_spike_z": 0.0,
    "vwap_distance_24": 0.0,
    "z_score_20": 0.0,
    "z_score_48": 0.0,
    "skewness_20": 0.0,
    "autocorr_1": 0.0,
    "btc_corr_24h": 0.0,
}


@pytest.mark.parametrize(("name", "value"), FLAT.items())
def test_a_flat_market_without_volume_has_a_defined_value(full, name, value):
    rows = full.xs("QUIET-USDT", level="pair")[name].loc[datetime(2024, 5, 15, 12, tzinfo=UTC) :]
    # Which bits are left of a decayed average depends on the processor: some fuse multiply and add.
    assert rows.iloc[0] == pytest.approx(value, abs=1e-12)


def test_every_feature_is_known_in_a_flat_market(full):
    row = full.loc[(datetime(2024, 5, 15, tzinfo=UTC), "QUIET-USDT")]
    hourly = [feature.name for feature in HOURLY]
    assert row[hourly].notna().all()


def test_a_market_flat_from_its_first_bar_is_neutral(calm):
    flat = calm.hourly[calm.hourly["pair"] != "SOL-USDT"].copy()
    still = flat["pair"] == "ETH-USDT"
    flat.loc[still, ["open", "high", "low", "close"]] = 7.0
    flat.loc[still, ["volume", "taker_buy_base"]] = 0.0
    row = type(calm).of(flat).features(START + 400 * HOUR, START + 401 * HOUR).iloc[1]
    expected = {
        "rsi": 50.0,
        "stoch_rsi": 50.0,
        "adx": 0.0,
        "di_plus": 0.0,
        "tsi": 0.0,
        "kama_distance_10": 0.0,
        "atr": 0.0,
        "keltner_channel_width": 0.0,
        "chaikin_volatility": 0.0,
        "parabolic_sar_distance": 0.0,
        "klinger_oscillator": 0.0,
        "klinger_oscillator_pct": 0.0,
        "volume_oscillator": 0.0,
        "volume_zone_oscillator": 0.0,
        "trending": 0.0,
        "ranging": 1.0,
        "trend_regime_confidence": 1.0,
    }
    assert row[list(expected)].to_dict() == expected
    assert row["macd_hist"] == pytest.approx(0.0)


def test_unknown_taker_volume_makes_nothing_else_unknown(calm):
    silent = calm.hourly.assign(taker_buy_base=np.nan)
    rows = replace(calm, hourly=silent).features(START + 400 * HOUR, START + 410 * HOUR)
    assert {name for name in rows if rows[name].isna().any()} - UNKNOWN_THEN == {"taker_buy_ratio"}


def test_volume_that_returns_after_silence_is_the_largest_change(full):
    rows = full.xs("QUIET-USDT", level="pair")["volume_change_pct"]
    assert rows.loc[datetime(2024, 5, 16, 1, tzinfo=UTC)] == 1000.0
