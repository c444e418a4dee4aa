"""Labels against the plain definition, and never before they are known."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.errors import OkxSignalError
from okx_core.hours import LABEL_HORIZON_HOURS
from okx_core.labels.barriers import first_barrier
from okx_core.labels.compute import compute_labels, history_start
from okx_core.labels.registry import LABELS, LABELS_1D, LABELS_2W

HOUR = timedelta(hours=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
HOURS = 500
END = START + HOURS * HOUR
GAP = START + 200 * HOUR


def walk(pair, seed):
    generator = np.random.default_rng(seed)
    close = np.exp(np.cumsum(generator.normal(0.0, 0.01, HOURS)))
    spread = np.abs(generator.normal(0.0, 0.004, (2, HOURS)))
    return pd.DataFrame(
        {
            "pair": pair,
            "timestamp_utc": pd.date_range(START, periods=HOURS, freq="h"),
            "open": close,
            "high": close * (1.0 + spread[0]),
            "low": close * (1.0 - spread[1]),
            "close": close,
            "volume": 1.0,
            "quote_volume": close,
        }
    )


@pytest.fixture(scope="module")
def candles():
    both = pd.concat([walk("AAA-USDT", 1), walk("BBB-USDT", 2)], ignore_index=True)
    return both[~((both["pair"] == "BBB-USDT") & (both["timestamp_utc"] == GAP))]


def by_definition(bars, place):
    """Every label of one row of an unbroken pair, from the rows that follow it."""
    close = bars["close"].to_numpy()
    entry = close[place]
    ahead = bars.iloc[place + 1 :]
    returns = {name: 100.0 * (close[place + hours] / entry - 1.0) for name, hours in NAMED_HORIZONS.items()
               if place + hours < len(close)}  # fmt: skip
    return {
        **{f"future_return_{name}_pct": value for name, value in returns.items()},
        "future_max_return_24h_pct": 100.0 * (ahead["high"].iloc[:24].max() / entry - 1.0),
        "future_max_drawdown_12h_pct": min(0.0, 100.0 * (ahead["low"].iloc[:12].min() / entry - 1.0)),
        "was_profitable_12h": float(close[place + 12] * 0.999 > entry / 0.999),
        "future_risk_adj_return_12h": risk_adjusted(close[place : place + 13]),
        "profit_target_1pct": float(ahead["high"].iloc[:24].max() >= entry * 1.01),
        "profit_target_2pct": float(ahead["high"].iloc[:24].max() >= entry * 1.02),
        **triple_barrier(bars, place),
        **level_events(bars, place),
    }


def risk_adjusted(path):
    moves = np.diff(np.log(path))
    return moves.sum() / np.sqrt((moves**2).sum()) if moves.any() else 0.0


def level_events(bars, place):
    """Both levels found and followed bar by bar; unknown until 96 bars are known."""
    if place < 95:
        return dict.fromkeys(
            (
                "resistance_event_24h",
                "hours_to_resistance_event",
                "support_event_24h",
                "hours_to_support_event",
            ),
            np.nan,
        )
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    ranges = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    band = 0.5 * ranges[place - 14 : place].mean()
    above, above_hours = followed(high, close, place, band)
    below, below_hours = followed(-low, -close, place, band)
    return {
        "resistance_event_24h": above, "hours_to_resistance_event": above_hours,
        "support_event_24h": -below, "hours_to_support_event": below_hours,
    }  # fmt: skip


def followed(high, close, place, band):
    oldest = place - 95
    swings = [
        high[bar]
        for bar in range(oldest + 5, place - 4)
        if high[bar] == high[bar - 5 : bar + 6].max() and high[bar] >= close[place]
    ]
    level = min(swings, default=high[oldest : place + 1].max())
    touched = False
    for hours in range(1, 25):
        touched |= high[place + hours] >= level
        if touched and abs(close[place + hours] - level) > band:
            return float(np.sign(close[place + hours] - level)), hours
    return 0.0, np.nan


def triple_barrier(bars, place):
    """Outcome and hours by walking bar by bar; unknown without 24 returns behind the row."""
    if place < 24:
        return {"triple_barrier_24h": np.nan, "hours_to_barrier_24h": np.nan}
    entry = bars["close"].iloc[place]
    moves = np.diff(np.log(bars["close"].to_numpy()[place - 24 : place + 1]))
    reach = np.exp(max(moves.std() * np.sqrt(24.0), 0.002))
    for hours, bar in enumerate(bars.iloc[place + 1 : place + 25].itertuples(), 1):
        if bar.low <= entry / reach:
            return {"triple_barrier_24h": -1.0, "hours_to_barrier_24h": hours}
        if bar.high >= entry * reach:
            return {"triple_barrier_24h": 1.0, "hours_to_barrier_24h": hours}
    return {"triple_barrier_24h": 0.0, "hours_to_barrier_24h": np.nan}


NAMED_HORIZONS = {"1h": 1, "4h": 4, "12h": 12, "1d": 24, "3d": 72, "1w": 168, "2w": 336}


@pytest.mark.parametrize("horizon_set", ["1d", "2w"])
def test_labels_equal_their_definition(candles, horizon_set):
    rows = compute_labels(candles, START, END, horizon_set, END)
    names = {"1d": LABELS_1D, "2w": LABELS_2W}[horizon_set]
    assert list(rows.columns) == ["pair", "timestamp_utc", *names]
    bars = candles[candles["pair"] == "AAA-USDT"]
    found = rows[rows["pair"] == "AAA-USDT"]
    assert len(found) == HOURS - LABEL_HORIZON_HOURS[horizon_set]
    for place, row in enumerate(found.itertuples()):
        expected = by_definition(bars, place)
        for name in names:
            assert getattr(row, name) == pytest.approx(expected[name], rel=1e-6, abs=1e-6, nan_ok=True)


def test_every_label_is_described():
    assert {label.name for label in LABELS} == {*LABELS_1D, *LABELS_2W}
    assert all(len(label.description) > 10 and label.formula and label.unit for label in LABELS)
    assert LABEL_HORIZON_HOURS == {"1d": 24, "2w": 336}


@pytest.mark.parametrize(
    ("horizon_set", "unbroken"), [("1d", {"AAA-USDT", "BBB-USDT"}), ("2w", {"AAA-USDT"})]
)
def test_a_row_appears_in_the_hour_its_longest_horizon_closes(candles, horizon_set, unbroken):
    horizon = LABEL_HORIZON_HOURS[horizon_set]
    row = START + 20 * HOUR
    known = row + (1 + horizon) * HOUR
    early = compute_labels(candles, row, row + HOUR, horizon_set, known - HOUR)
    ready = compute_labels(candles, row, row + HOUR, horizon_set, known)
    assert len(early) == 0
    assert set(ready["pair"]) == unbroken


def test_candles_after_known_until_are_not_read(candles):
    known_until = START + 120 * HOUR
    expected = compute_labels(candles, START, END, "1d", known_until)
    future = candles["timestamp_utc"] >= known_until
    poisoned = candles.assign(**{name: candles[name].mask(future, 1e9) for name in ("high", "low", "close")})
    pd.testing.assert_frame_equal(compute_labels(poisoned, START, END, "1d", known_until), expected)
    assert expected["timestamp_utc"].max() + 25 * HOUR == known_until


def test_no_row_looks_across_a_gap(candles):
    rows = compute_labels(candles, START, END, "1d", END)
    times = rows.loc[rows["pair"] == "BBB-USDT", "timestamp_utc"]
    silent = pd.date_range(GAP - 24 * HOUR, GAP, freq="h")
    assert not times.isin(silent).any()
    assert {silent[0] - HOUR, silent[-1] + HOUR} <= set(times)
    always = [label.name for label in LABELS if label.horizon_set == "1d" and not label.unknown]
    assert rows[always].notna().all().all()
    assert always


def test_a_row_is_the_same_whenever_it_is_written(candles):
    full = compute_labels(candles, START, END, "1d", END).set_index(["pair", "timestamp_utc"])
    for hour in (0, 77, 300):
        start = START + hour * HOUR
        read = candles[candles["timestamp_utc"].between(history_start(start), start + 30 * HOUR)]
        part = compute_labels(read, start, start + 5 * HOUR, "1d", start + 29 * HOUR)
        part = part.set_index(["pair", "timestamp_utc"])
        assert len(part) == 10
        pd.testing.assert_frame_equal(part, full.loc[part.index], check_exact=True)


def test_an_unknown_set_is_refused_with_the_choices(candles):
    with pytest.raises(OkxSignalError, match="'5y': choose one of 1d, 2w"):
        compute_labels(candles, START, END, "5y", END)


def test_nothing_known_yet_gives_an_empty_frame(candles):
    assert len(compute_labels(candles, START, END, "2w", START + 5 * HOUR)) == 0
    assert len(compute_labels(candles.head(0), START, END, "1d", END)) == 0


def test_a_gap_before_a_row_makes_only_labels_that_look_back_unknown(candles):
    rows = compute_labels(candles, START, END, "1d", END)
    after = rows[(rows["pair"] == "BBB-USDT") & (rows["timestamp_utc"] > GAP)].head(25)
    assert after["triple_barrier_24h"].isna().tolist() == [True] * 24 + [False]
    assert after["support_event_24h"].isna().all()
    assert after["future_return_1d_pct"].notna().all()


def test_a_bar_that_touches_both_barriers_is_a_stop():
    high, low = np.full((1, 30), 1.0), np.full((1, 30), 1.0)
    high[0, 5], low[0, 5] = 2.0, 0.5
    limits = np.full((1, 30), 1.5), np.full((1, 30), 0.7)
    outcome, hours = first_barrier(high, low, *limits, 24)
    assert outcome[0, :5].tolist() == [-1.0] * 5
    assert hours[0, :5].tolist() == [5.0, 4.0, 3.0, 2.0, 1.0]
    assert (outcome[0, 5], np.isnan(hours[0, 5])) == (0.0, True)
    assert np.isnan(outcome[0, 6:]).all()


def test_a_flat_market_earns_nothing_and_reaches_no_barrier(candles):
    flat = candles.assign(**dict.fromkeys(("open", "high", "low", "close"), 3.0))
    row = compute_labels(flat, START + 30 * HOUR, START + 31 * HOUR, "1d", END).iloc[0]
    assert row["future_risk_adj_return_12h"] == row["triple_barrier_24h"] == row["profit_target_1pct"] == 0.0
    assert np.isnan(row["hours_to_barrier_24h"])


def test_the_risk_adjusted_return_is_bounded(candles):
    jump = candles.copy()
    jump.loc[jump["timestamp_utc"] > START + 60 * HOUR, ["open", "high", "low", "close"]] *= 1e6
    values = compute_labels(jump, START, END, "1d", END)["future_risk_adj_return_12h"]
    assert values.abs().max() <= np.float32(np.sqrt(12.0))
