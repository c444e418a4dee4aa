"""4h and 1d bars: UTC buckets of the hourly ones, with three quarters of their hours or more."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from okx_core.candles.buckets import aggregated
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
def test_a_bucket_with_less_than_three_quarters_of_its_hours_has_no_bar(bars, model: SqlModel) -> None:
    hours = TIMEFRAMES[model.table]
    lost = list(range(24, 24 + hours // 4 + 1))
    rows = built(bars.store(lost_hours(bars, {"BTC-USDT": lost})), model)
    assert bars.at(24) not in set(rows["timestamp_utc"])
    assert len(rows) == 72 / hours - 1


@derived
def test_before_the_first_hour_of_a_pair_nothing_is_missing(bars, model: SqlModel) -> None:
    rows = built(bars.store(lambda frame: frame[~bars.hour(frame, 0)]), model)
    assert bars.start not in set(rows["timestamp_utc"])


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


def lost_hours(bars, hours: dict[str, list[int]]):
    """The bars without some hours of some pairs."""
    return lambda frame: frame[
        ~sum(bars.hour(frame, n, pair) for pair in hours for n in hours[pair]).astype(bool)
    ]


@derived
def test_sql_and_the_core_have_one_definition(bars, model: SqlModel) -> None:
    """On random holes, unknown volumes and an end in the middle of a bucket."""
    hours = TIMEFRAMES[model.table]
    for seed in range(6):
        rng = np.random.default_rng(seed)
        stored = bars.bars.copy()
        stored.loc[rng.random(len(stored)) < 0.05, "volume"] = np.nan
        kept = (rng.random(len(stored)) > 0.15) & (stored["timestamp_utc"] < bars.at(72 - 5 * seed))
        bars.store(lambda _, stored=stored, kept=kept: stored[kept].reset_index(drop=True))
        found = [built(bars, model, pair=pair) for pair in ("BTC-USDT", "ETH-USDT")]
        expected = aggregated(stored[kept], hours)
        pd.testing.assert_frame_equal(
            pd.concat(found, ignore_index=True)[expected.columns].astype({"hours": "int64"}), expected,
            check_exact=True, check_dtype=False,
        )  # fmt: skip


@derived
def test_a_bar_says_how_many_of_its_hours_are_known(bars, model: SqlModel) -> None:
    hours = TIMEFRAMES[model.table]
    rows = built(bars.store(lost_hours(bars, {"BTC-USDT": [24, 47]})), model)
    expected = dict.fromkeys(rows["timestamp_utc"], hours)
    for lost in (24, 47):
        expected[pd.Timestamp(bars.at(lost // hours * hours))] -= 1
    assert dict(zip(rows["timestamp_utc"], rows["hours"], strict=True)) == expected
    whole = rows.set_index("timestamp_utc").loc[bars.at(24)]
    assert whole["open"] == 125.0, "the first hour that traded, not the missing one"


@derived
def test_the_bar_whose_last_hour_never_came_is_built_with_the_next_hour(bars, model: SqlModel) -> None:
    bars.store(
        lambda frame: frame[frame["timestamp_utc"].isin([bars.at(n) for n in (*range(47), *range(48, 72))])]
    )
    built(bars, model, 0, 47)
    rows = built(bars, model, 48, 49)
    last = bars.at(48 - TIMEFRAMES[model.table])
    assert rows.set_index("timestamp_utc").loc[last, "hours"] == TIMEFRAMES[model.table] - 1
