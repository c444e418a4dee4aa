"""Each SQL check stays silent on clean rows and names the rows of a planted fault."""

from datetime import timedelta

import pytest

from resources.postgres.sql_models import SqlCheck, load_checks, load_models

CHECKS = {f"{check.asset[1]}__{check.name}": check for check in load_checks()}
SQL_TABLES = [model for model in load_models() if not model.is_view]

# Check -> (a fault, the bar it must name). The faults are changes of stored rows.
FAULTS = {
    "candles_1h__no_gaps": (
        "delete from market.candles_1h where pair = 'BTC-USDT' and timestamp_utc = '2026-08-09 05:00+00'",
        ("BTC-USDT", 4),
    ),
    "candles_4h__within_hourly_range": (
        "update market.candles_4h set high = high + 1 where pair = 'ETH-USDT' "
        "and timestamp_utc = '2026-08-09 08:00+00'",
        ("ETH-USDT", 8),
    ),
    "candles_1d__within_hourly_range": (
        "update market.candles_1d set volume = volume * 1.001 where pair = 'ETH-USDT' "
        "and timestamp_utc = '2026-08-10 00:00+00'",
        ("ETH-USDT", 24),
    ),
}
MORE_FAULTS = [
    ("candles_4h__within_hourly_range", "update market.candles_4h set low = low - 0.5"),
    ("candles_4h__within_hourly_range", "update market.candles_4h set volume = volume + 1e-3"),
    (
        "candles_4h__within_hourly_range",
        "delete from market.candles_1h where timestamp_utc = '2026-08-09 05:00+00'",
    ),
    (
        "candles_1d__within_hourly_range",
        "delete from market.candles_1h where timestamp_utc = '2026-08-09 05:00+00'",
    ),
    ("candles_1d__within_hourly_range", "update market.candles_1d set high = high + 1"),
]


def offending(bars, check: SqlCheck) -> list[dict[str, object]]:
    return check.offending(bars.database, bars.at(0), bars.at(72))


@pytest.fixture
def clean(bars):
    """Hourly bars and everything derived from them."""
    bars.store()
    for model in SQL_TABLES:
        model.build_window(bars.database, bars.at(0), bars.at(72))
    for model in load_models():
        if model.is_view:
            model.build_view(bars.database)
    return bars


def test_every_check_has_a_planted_fault() -> None:
    apart = {"candles_1h__one_row_per_candle", "predictions__by_versions_that_knew_no_outcome"}
    assert {*FAULTS, *apart} == set(CHECKS)


@pytest.mark.parametrize(
    ("trained_days_before", "known_hours_before", "versions", "is_late"),
    [(0, 24, [1], False), (1, 0, [1], False), (-7, 24, [1], True), (0, -1, [1], True), (0, 24, [2], True)],
)
def test_a_prediction_that_knew_its_outcome_is_named(
    bars, trained_days_before: int, known_hours_before: int, versions: list[int], is_late: bool
) -> None:
    """By a version of a later week, by one with a later label, by one that is not on record."""
    hour = bars.at(0)
    bars.database.execute(
        "insert into ml.model_versions (week, member, model_name, model_version, run_id, target, train_start, "
        "train_end, train_rows, label_known_at, feature_count, data_fingerprint, code_version, trained_at) "
        "values ($1, 'm', 'okxsignal-m', 1, 'r', 't', $2, $2, 1, $3, 1, 'f', 'c', $2)",
        (
            (hour - timedelta(days=trained_days_before)).date(),
            hour,
            hour - timedelta(hours=known_hours_before),
        ),
    )
    for version in versions:
        bars.database.execute(
            "insert into ml.predictions (member, pair, timestamp_utc, score, version) "
            "values ('m', 'A-USDT', $1, 0, $2)",
            (hour, version),
        )
    found = offending(bars, CHECKS["predictions__by_versions_that_knew_no_outcome"])
    assert bool(found) is is_late
    assert {row["member"] for row in found} <= {"m"}


def test_a_wide_view_that_drops_or_repeats_a_bar_is_named(clean) -> None:
    clean.database.execute("drop view marts.candles_1h")
    clean.database.execute(
        "create view marts.candles_1h as select pair, timestamp_utc from market.candles_1h "
        "where pair <> 'ETH-USDT' or timestamp_utc <> '2026-08-09 05:00+00' union all "
        "select pair, timestamp_utc from market.candles_1h "
        "where pair = 'BTC-USDT' and timestamp_utc = '2026-08-09 07:00+00'"
    )
    rows = offending(clean, CHECKS["candles_1h__one_row_per_candle"])
    assert {(row["pair"], row["timestamp_utc"], row["times_shown"]) for row in rows} == {
        ("ETH-USDT", clean.at(5), 0),
        ("BTC-USDT", clean.at(7), 2),
    }


def test_the_wide_view_answers_for_the_days_that_sql_holds(clean) -> None:
    clean.database.execute(
        "update features.sql_windows set starts_at = $1 where table_name = 'features.features_1h'",
        (clean.at(24),),
    )
    assert clean.database.scalar("select min(timestamp_utc) from marts.candles_1h") == clean.at(24)
    assert offending(clean, CHECKS["candles_1h__one_row_per_candle"]) == []


def test_clean_rows_break_no_check(clean) -> None:
    assert {name: offending(clean, check) for name, check in CHECKS.items()} == {name: [] for name in CHECKS}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_alone(clean, name: str) -> None:
    statement, (pair, hour) = FAULTS[name]
    assert clean.database.execute(statement) == 1
    (row,) = offending(clean, CHECKS[name])
    assert row["pair"] == pair
    assert clean.at(hour) in row.values()


@pytest.mark.parametrize(("name", "statement"), MORE_FAULTS)
def test_every_clause_of_a_check_bites(clean, name: str, statement: str) -> None:
    clean.database.execute(statement)
    assert offending(clean, CHECKS[name])


def test_an_unknown_volume_is_no_fault(bars) -> None:
    def forget(frame):
        frame["volume"] = None
        return frame

    bars.store(forget)
    for model in SQL_TABLES:
        model.build_window(bars.database, bars.at(0), bars.at(72))
    assert [name for name, check in CHECKS.items() if offending(bars, check)] == []


def test_a_sum_that_should_be_unknown_is_a_fault(clean) -> None:
    clean.database.execute(
        "update market.candles_1h set volume = null where timestamp_utc = '2026-08-09 05:00+00'"
    )
    assert offending(clean, CHECKS["candles_4h__within_hourly_range"])


def test_a_check_shows_at_most_20_rows(clean) -> None:
    clean.database.execute("update market.candles_4h set high = high + 1")
    assert len(offending(clean, CHECKS["candles_4h__within_hourly_range"])) == 20


def test_a_check_looks_at_its_window_only(clean) -> None:
    clean.database.execute(FAULTS["candles_4h__within_hourly_range"][0])
    check = CHECKS["candles_4h__within_hourly_range"]
    assert check.offending(clean.database, clean.at(12), clean.at(72)) == []
