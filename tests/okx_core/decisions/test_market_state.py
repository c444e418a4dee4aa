"""Liquidity and direction of the market, as the gates read them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.market_state import market_state

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 1, tzinfo=UTC)


def candles(pair, closes, volume=2.0, quote_volume=np.nan):
    return pd.DataFrame(
        {
            "pair": pair,
            "timestamp_utc": [START + hour * HOUR for hour in range(len(closes))],
            "high": np.asarray(closes, dtype=float) * 1.02,
            "low": np.asarray(closes, dtype=float),
            "close": np.asarray(closes, dtype=float),
            "volume": volume,
            "quote_volume": quote_volume,
        }
    )


def test_turnover_sums_the_last_24_bars_and_falls_back_to_volume_times_close():
    state = market_state(pd.concat([candles("A", [3.0] * 30), candles("B", [3.0] * 30, quote_volume=10.0)]))
    turnover = state.set_index("pair")["turnover_24h_quote"]
    assert turnover["A"].tolist() == [6.0 * min(hour + 1, 24) for hour in range(30)]
    assert turnover["B"].iloc[-1] == 240.0


def test_the_range_is_that_of_the_bar_itself():
    assert market_state(candles("A", [3.0, 4.0]))["range_1h_bps"].tolist() == pytest.approx([200.0, 200.0])


def test_a_missing_bar_counts_as_no_turnover():
    whole = candles("A", [3.0] * 30)
    state = market_state(whole.drop(index=20))
    assert state["turnover_24h_quote"].iloc[-1] == 23 * 6.0


def test_market_return_is_the_mean_of_the_pairs_known_now_and_a_day_ago():
    rising, falling = candles("A", np.linspace(100.0, 112.0, 25)), candles("B", np.linspace(100.0, 96.0, 25))
    young = candles("C", [1.0] * 25).tail(3)
    state = market_state(pd.concat([rising, falling, young]))
    last = state[state["timestamp_utc"] == START + 24 * HOUR]
    assert last["market_return_24h_pct"].tolist() == pytest.approx([4.0, 4.0, 4.0])
    assert state[state["timestamp_utc"] < START + 24 * HOUR]["market_return_24h_pct"].isna().all()


def test_rows_keep_their_order():
    frame = pd.concat([candles("A", [3.0] * 30), candles("B", [4.0] * 30)]).sample(frac=1.0, random_state=1)
    state = market_state(frame)
    pd.testing.assert_frame_equal(state[["pair", "timestamp_utc"]], frame[["pair", "timestamp_utc"]])
    assert len(market_state(frame.head(0))) == 0
