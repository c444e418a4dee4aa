"""Random windows replaced one after the other hold what a pandas frame treated the same way holds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.feature_store.root import StoreRoot
from resources.feature_store.store import FeatureStore
from tests.examples import examples

T0 = datetime(2026, 1, 30, tzinfo=UTC)
KEYS = ["pair", "timestamp_utc"]
NUMBER = count()


@pytest.fixture(scope="module")
def one_store(new_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureStore]:
    with new_database() as database:
        yield FeatureStore(database, StoreRoot(str(tmp_path_factory.mktemp("store"))))


@st.composite
def replacements(draw: st.DrawFn) -> tuple[datetime, datetime, pd.DataFrame]:
    """A window of up to 80 hours across a month's end, and rows in some of its hours."""
    first = draw(st.integers(0, 90))
    length = draw(st.integers(0, 80))
    columns = draw(st.sampled_from([["a"], ["a", "b"], ["b", "c"]]))
    cells = (
        st.tuples(st.sampled_from("XYZ"), st.integers(first, first + length - 1)) if length else st.nothing()
    )
    keys = sorted(draw(st.sets(cells, max_size=12))) if length else []
    values = draw(
        st.lists(st.sampled_from([0.0, -1.5, 3.25, np.nan]), min_size=len(keys) * 3, max_size=len(keys) * 3)
    )
    table = np.array(values, dtype=np.float32).reshape(len(keys), 3)
    frame = pd.DataFrame(
        {
            "pair": pd.array([pair for pair, _ in keys], dtype="str"),
            "timestamp_utc": pd.DatetimeIndex(
                [T0 + timedelta(hours=hour) for _, hour in keys], tz="UTC"
            ).as_unit("us"),
            **{name: table[:, place] for place, name in enumerate(columns)},
        }
    )
    return T0 + timedelta(hours=first), T0 + timedelta(hours=first + length), frame


def replaced(
    months: dict[str, pd.DataFrame], start: datetime, end: datetime, rows: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """The oracle: a frame per month; a month that the window touches takes the columns of the new rows."""
    hours = pd.date_range(start, end, freq="h", inclusive="left")
    result = dict(months)
    for month in sorted(set(hours.strftime("%Y-%m"))):
        new = rows[rows["timestamp_utc"].dt.strftime("%Y-%m") == month]
        old = result.get(month, new.iloc[:0])
        kept = old[(old["timestamp_utc"] < start) | (old["timestamp_utc"] >= end)]
        both = pd.concat([kept.reindex(columns=rows.columns), new])
        result[month] = both.sort_values(KEYS, ignore_index=True)
    return {month: frame for month, frame in result.items() if len(frame)}


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(replacements(), min_size=1, max_size=6))
def test_the_store_holds_what_the_oracle_holds(
    one_store: FeatureStore, steps: list[tuple[datetime, datetime, pd.DataFrame]]
) -> None:
    table = f"random.t{next(NUMBER)}"
    months: dict[str, pd.DataFrame] = {}
    for start, end, rows in steps:
        one_store.replace_window(table, rows, start, end)
        months = replaced(months, start, end, rows)
    files = one_store.manifest.current(table, T0.date().replace(day=1), datetime(2026, 12, 1).date())
    assert {f"{file.month:%Y-%m}": file.row_count for file in files} == {
        month: len(frame) for month, frame in months.items()
    }
    for file in files:
        wanted = months[f"{file.month:%Y-%m}"]
        held = one_store.load(file).to_pandas()
        pd.testing.assert_frame_equal(held, wanted, check_dtype=False)
        assert file.watermark == wanted["timestamp_utc"].max()


@settings(max_examples=examples(6), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(replacements(), st.integers(1, 30))
def test_in_pieces_or_at_once_the_bytes_are_the_same(
    one_store: FeatureStore, step: tuple[datetime, datetime, pd.DataFrame], piece: int
) -> None:
    start, end, rows = step
    whole, pieces = f"random.t{next(NUMBER)}", f"random.t{next(NUMBER)}"
    one_store.replace_window(whole, rows, start, end)
    first = start
    while first < end:
        stop = min(first + timedelta(hours=piece), end)
        some = rows[(rows["timestamp_utc"] >= first) & (rows["timestamp_utc"] < stop)]
        one_store.replace_window(pieces, some, first, stop)
        first = stop
    hashes = [
        [file.content_hash for file in one_store.files(table, T0, end + timedelta(hours=1))]
        for table in (whole, pieces)
    ]
    assert hashes[0] == hashes[1]
