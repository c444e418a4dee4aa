"""A prediction is written once and never again, in the store and in SQL."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from okx_services.research.predictions import (
    MISSED_HOURS,
    Versions,
    predict_hours,
    record,
    registered_versions,
    store_table,
    stored,
)
from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from resources.registry.tracking import member_model
from tests.okx_services.research.conftest import HOUR, MEMBERS, START, Registry, at, week_of

MEMBER = MEMBERS[0]


@pytest.fixture
def store(database, tmp_path) -> FeatureStore:
    return FeatureStore(database, StoreRoot(str(tmp_path)))


def rows(hours: range, score: float, version: int = 1, pairs=("A-USDT", "B-USDT")) -> pd.DataFrame:
    keys = [(pair, START + hour * HOUR) for hour in hours for pair in pairs]
    frame = pd.DataFrame(keys, columns=["pair", "timestamp_utc"]).assign(score=score, version=version)
    frame = frame.assign(outside_share=0.0, distance=1.0)
    return frame.astype({"pair": "str", "timestamp_utc": "datetime64[us, UTC]"})


def in_sql(store: FeatureStore) -> list[tuple[int, float]]:
    found = store.database.rows("select distinct timestamp_utc, score from ml.predictions order by 1")
    return [((row["timestamp_utc"] - START) // HOUR, row["score"]) for row in found]


def test_an_hour_that_has_a_row_is_never_written_again(store) -> None:
    assert record(store, MEMBER, rows(range(4), 1.0), at(0), at(0, 4), START) == 8
    later = pd.concat([rows(range(2, 6), 9.0, version=2, pairs=("A-USDT", "B-USDT", "C-USDT"))])
    assert record(store, MEMBER, later, at(0), at(0, 6), START) == 6
    kept = stored(store, MEMBER, at(0), at(1)).groupby("timestamp_utc")["score"].agg(["min", "max", "count"])
    assert kept["min"].tolist() == kept["max"].tolist() == [1.0] * 4 + [9.0] * 2
    assert kept["count"].tolist() == [2] * 4 + [3] * 2
    assert in_sql(store) == [(hour, 1.0 if hour < 4 else 9.0) for hour in range(6)]


def test_writing_the_same_again_changes_no_file(store) -> None:
    record(store, MEMBER, rows(range(4), 1.0), at(0), at(0, 4), START)
    before = store.manifest.every()
    assert record(store, MEMBER, rows(range(4), 5.0), at(0), at(0, 4), START) == 0
    assert store.manifest.every() == before


def test_members_are_independent_tables(store) -> None:
    for number, name in enumerate(MEMBERS):
        record(store, name, rows(range(2), float(number)), at(0), at(0, 2), START)
    assert {file.table_name for file in store.manifest.every()} == {store_table(name) for name in MEMBERS}
    assert [stored(store, name, at(0), at(1))["score"].unique().tolist() for name in MEMBERS] == [
        [0.0],
        [1.0],
    ]


def test_old_hours_leave_sql_and_what_sql_lacks_comes_back_from_the_store(store) -> None:
    record(store, MEMBER, rows(range(6), 1.0), at(0), at(0, 6), START + 3 * HOUR)
    assert [hour for hour, _ in in_sql(store)] == [3, 4, 5]
    store.database.execute("delete from ml.predictions where timestamp_utc >= $1", (START + 4 * HOUR,))
    record(store, MEMBER, rows(range(6), 1.0), at(0), at(0, 6), START + 4 * HOUR)
    assert [hour for hour, _ in in_sql(store)] == [4, 5]


def test_two_writers_at_once_write_each_hour_once(store) -> None:
    with ThreadPoolExecutor(2) as pool:
        written = list(
            pool.map(
                lambda score: record(store, MEMBER, rows(range(5), score), at(0), at(0, 5), START), (1.0, 2.0)
            )
        )
    assert sorted(written) == [0, 10]
    assert stored(store, MEMBER, at(0), at(1))["score"].nunique() == 1


def test_each_hour_belongs_to_the_newest_version_before_it() -> None:
    versions = Versions(MEMBER, {week_of(2): 5, week_of(4): 6})
    assert list(versions.in_charge(at(1), at(5))) == [(5, at(2), at(4)), (6, at(4), at(5))]
    assert list(versions.in_charge(at(3, 7), at(3, 8))) == [(5, at(3, 7), at(3, 8))]
    assert list(versions.in_charge(at(0), at(2))) == []
    assert list(Versions(MEMBER, {}).in_charge(at(0), at(2))) == []


class TestHours:
    """The hourly asset, on the trained market: an hour of its own that nobody has predicted."""

    HOUR_OF_NOBODY = at(40, 100)

    def predict(self, market, registry):
        start = self.HOUR_OF_NOBODY
        return predict_hours(market.store, registry, MEMBERS, start, start + HOUR, at(38))

    def test_a_member_that_cannot_be_loaded_stops_no_other_and_the_hour_is_made_up_for(self, market) -> None:
        newest = registered_versions(market.store.database, [MEMBER])[MEMBER].by_week[week_of(40)]
        spoilt = Registry(dict(market.registry.versions))
        del spoilt.versions[member_model(MEMBER), newest]
        done, failures = self.predict(market, spoilt)
        assert done == {MEMBER: 0, MEMBERS[1]: 5 * 1}
        assert len(failures) == 1
        assert MEMBER in failures[0]
        later = self.HOUR_OF_NOBODY + 5 * HOUR
        done, failures = predict_hours(market.store, market.registry, MEMBERS, later, later + HOUR, at(38))
        assert failures == []
        assert done[MEMBER] > done[MEMBERS[1]] > 0
        found = stored(market.store, MEMBER, self.HOUR_OF_NOBODY, self.HOUR_OF_NOBODY + HOUR)
        assert len(found) == 5
        assert np.isfinite(found["score"]).all()
        assert MISSED_HOURS >= 5

    def test_mlflow_down_writes_nothing(self, market) -> None:
        start = at(40, 120)
        done, failures = predict_hours(
            market.store, Registry(down=True), MEMBERS, start, start + HOUR, at(38)
        )
        assert set(done.values()) == {0}
        assert len(failures) == 2
        assert stored(market.store, MEMBER, start, start + HOUR).empty
