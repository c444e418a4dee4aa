"""A renewed fetch loses nothing and counts what it changes."""

import numpy as np
import pandas as pd

from okx_core.candle_revisions import VALUES, merge_fetched


def bars(hours: list[int], close: float = 10.0, revision: int | None = None, ingested: str = "2026-01-02"):
    frame = pd.DataFrame(
        {
            "pair": "BTC-USDT",
            "timestamp_utc": pd.to_datetime("2026-01-01", utc=True) + pd.to_timedelta(hours, unit="h"),
            **dict.fromkeys(VALUES, close),
            "source": "test",
            "ingested_at": pd.Timestamp(ingested, tz="UTC"),
        }
    )
    return frame if revision is None else frame.assign(revision=revision)


def test_new_bars_start_at_revision_zero():
    merged = merge_fetched(bars([], revision=0), bars([0, 1]))
    assert list(merged["revision"]) == [0, 0]


def test_a_bar_the_exchange_no_longer_has_is_kept():
    merged = merge_fetched(bars([0, 1, 2], revision=0), bars([0, 2], ingested="2026-01-03"))
    assert len(merged) == 3


def test_an_unchanged_bar_keeps_its_first_fetch():
    merged = merge_fetched(bars([0], revision=3), bars([0], ingested="2026-01-03"))
    assert merged["ingested_at"].iloc[0] == pd.Timestamp("2026-01-02", tz="UTC")
    assert merged["revision"].iloc[0] == 3


def test_a_changed_bar_is_replaced_under_the_next_revision():
    merged = merge_fetched(bars([0, 1], revision=1), bars([1], close=11.0, ingested="2026-01-03"))
    assert list(merged["revision"]) == [1, 2]
    assert list(merged["close"]) == [10.0, 11.0]


def test_a_value_unknown_on_both_sides_is_no_change():
    stored, fetched = bars([0], revision=0), bars([0])
    stored["quote_volume"] = fetched["quote_volume"] = np.nan
    assert merge_fetched(stored, fetched)["revision"].iloc[0] == 0


def test_merging_twice_changes_nothing():
    once = merge_fetched(bars([0, 3], revision=0), bars([0, 1], close=12.0))
    fetched = bars([0, 1], close=12.0, ingested="2026-02-01")
    pd.testing.assert_frame_equal(merge_fetched(once, fetched), once, check_dtype=False)
