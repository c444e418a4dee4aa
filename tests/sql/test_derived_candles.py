"""4h and 1d bars: complete UTC buckets of the hourly ones."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from resources.postgres.sql_models import SqlModel, load_models

MODELS = {model.table: model for model in load_models()}
TIMEFRAMES = {"market.candles_4h": 4, "market.candles_1d": 24}
derived = pytest.mark.parametrize("model", [MODELS[table] for table in TIMEFRAMES], ids=TIMEFRAMES.keys())


def built(bars, model: SqlModel, first: int = 0, last: int = 72, pair: str = "BTC-USDT") -> pd.DataFrame:
    model.build_window(bars.database, bars.at(first), bars.at(last))
    return bars.database.frame(f"select * from {model.table} where pair = $1 order by timestamp_utc", (pair,))


@derived
def test_a_bar_opens_with_its_first_hour_and_closes_with_its_last(bars, model: SqlModel) -> None:
    hours = TIMEFRAMES[model.table]
    rows = built(bars.store(), model)
    opens = 100.0 + np.arange(0, 72, hours)
    assert rows["open"].tolist() == opens.tolist()
    assert rows["close"].tolist() == (opens + hours).tolist()
    assert rows["high"].tolist() == (opens + hours + 1).tolist()
    assert rows["low"].tolist() == (opens - 1).tolist()
    assert rows["quote_volume"].tolist() == [2.0 * hours] * len(opens)
    assert rows["volume"].sum() == sum(range(1, 73))


@derived
def test_pairs_do_not_mix(bars, model: SqlModel) -> None:
    rows = built(bars.store(), model, pair="ETH-USDT")
    assert rows["open"].iloc[0] == 10.0
    assert len(rows) == 72 / TIMEFRAMES[model.table]


@derived
def test_the_order_in_which_hours_are_stored_does_not_matter(bars, model: SqlModel) -> None:
    straight = built(bars.store(), model)
    shuffled = built(bars.store(lambda b: b.sample(frac=1, random_state=1)), model)
    assert straight.equals(shuffled)


@derived
def test_bars_are_aligned_to_utc(bars, model: SqlModel) -> None:
    times = built(bars.store(), model)["timestamp_utc"]
    assert (times.dt.hour % TIMEFRAMES[model.table] == 0).all()
    assert times.iloc[0] == bars.start


@derived
def test_a_bucket_with_a_missing_hour_has_no_bar(bars, model: SqlModel) -> None:
    rows = built(bars.store(lambda b: b[~bars.hour(b, 25)]), model)
    missing = bars.at(25 // TIMEFRAMES[model.table] * TIMEFRAMES[model.table])
    assert missing not in set(rows["timestamp_utc"])
    assert len(rows) == 72 / TIMEFRAMES[model.table] - 1


@derived
def test_a_bucket_that_has_not_ended_has_no_bar(bars, model: SqlModel) -> None:
    hours = TIMEFRAMES[model.table]
    rows = built(bars.store(lambda b: b[b["timestamp_utc"] < bars.at(2 * hours - 1)]), model, 0, 2 * hours)
    assert rows["timestamp_utc"].tolist() == [bars.start]


@derived
@pytest.mark.parametrize("column", ["quote_volume", "volume", "taker_buy_base"])
def test_one_unknown_hour_makes_the_sum_unknown_not_smaller(bars, model: SqlModel, column: str) -> None:
    def forget(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[bars.hour(frame, 3), column] = np.nan
        return frame

    sums = built(bars.store(forget), model)[column]
    assert sums.isna().tolist() == [True] + [False] * (len(sums) - 1)


@derived
def test_a_window_inside_a_bucket_rebuilds_the_whole_bucket(bars, model: SqlModel) -> None:
    whole = built(bars.store(), model)
    bars.database.execute(f"update {model.table} set close = close + 0.5")
    again = built(bars, model, 25, 26)
    bucket = 25 // TIMEFRAMES[model.table]
    assert again["close"].iloc[bucket] == whole["close"].iloc[bucket]
    assert again["close"].drop(index=bucket).tolist() == (whole["close"] + 0.5).drop(index=bucket).tolist()


@derived
def test_a_bar_whose_hour_vanished_vanishes_when_rebuilt(bars, model: SqlModel) -> None:
    built(bars.store(), model)
    rows = built(bars.store(lambda b: b[~bars.hour(b, 0)]), model)
    assert bars.start not in set(rows["timestamp_utc"])


@derived
def test_a_rerun_gives_the_same_rows(bars, model: SqlModel) -> None:
    assert built(bars.store(), model).equals(built(bars, model))


@derived
def test_a_bar_carries_the_newest_fetch_and_revision_of_its_hours(bars, model: SqlModel) -> None:
    later = bars.at(200)

    def revise(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[bars.hour(frame, 2), ["ingested_at", "revision"]] = [pd.Timestamp(later), 3]
        return frame

    rows = built(bars.store(revise), model)
    assert rows["ingested_at"].iloc[0] == later
    assert rows["revision"].tolist()[:2] == [3, 0]


@derived
def test_its_bucket_is_that_of_its_name(model: SqlModel) -> None:
    assert model.bucket == timedelta(hours=TIMEFRAMES[model.table])
