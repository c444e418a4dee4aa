"""SQL files: their header, their dependencies, their windows."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resources.postgres.sql_models import SqlModel, SqlModelError, load_checks, load_models

HEADER = (
    "-- table: market.doubled\n-- description: Twice.\n-- grain: one row\n-- key: pair, timestamp_utc\n"
    "-- tests: unique_key, not_null(open, close)\n"
)
BODY = "with final as (select * from market.candles_1h join ml.labels_1d using (pair)) select * from final\n"


def written(folder: Path, kind: str, name: str, text: str) -> Path:
    (folder / kind).mkdir(exist_ok=True)
    (folder / kind / name).write_text(text)
    return folder


def test_a_model_knows_the_tables_its_sql_reads_and_not_its_own_steps(tmp_path: Path) -> None:
    (model,) = load_models(written(tmp_path, "staging", "doubled.sql", HEADER + BODY))
    assert model.reads == ("market.candles_1h", "ml.labels_1d")
    assert (model.table, model.grain, model.key) == ("market.doubled", "one row", ("pair", "timestamp_utc"))


@pytest.mark.parametrize("line", ["table", "description", "grain", "key", "tests"])
def test_a_missing_header_line_names_the_file_and_the_line_to_add(tmp_path: Path, line: str) -> None:
    header = "".join(part for part in HEADER.splitlines(keepends=True) if f" {line}:" not in part)
    with pytest.raises(
        SqlModelError, match=rf"doubled.sql: header lacks {line}; add a line `-- {line}: ...`"
    ):
        load_models(written(tmp_path, "staging", "doubled.sql", header + BODY))


def with_tests(tests: str) -> str:
    return HEADER.replace("unique_key, not_null(open, close)", tests) + BODY


@pytest.mark.parametrize("tests", ["uniqe_key", "unique_key, not_null(open", "not_null(open); drop table x"])
def test_tests_that_cannot_be_read_are_refused_with_the_remedy(tmp_path: Path, tests: str) -> None:
    with pytest.raises(SqlModelError, match="write unique_key, not_null"):
        load_models(written(tmp_path, "staging", "doubled.sql", with_tests(tests)))


def test_not_null_must_name_columns(tmp_path: Path) -> None:
    with pytest.raises(SqlModelError, match="not_null names no column"):
        load_models(written(tmp_path, "staging", "doubled.sql", with_tests("not_null")))


def test_sql_that_does_not_parse_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SqlModelError, match=r"doubled.sql: .*"):
        load_models(written(tmp_path, "marts", "doubled.sql", HEADER + "select (from where"))


def test_a_check_without_severity_names_the_file(tmp_path: Path) -> None:
    text = "-- asset: market/candles_1h\n-- description: Bad rows.\nselect 1"
    with pytest.raises(SqlModelError, match=r"candles_1h__odd.sql: header lacks severity"):
        load_checks(written(tmp_path, "checks", "candles_1h__odd.sql", text))


def test_a_check_is_named_by_its_file_and_bound_to_its_asset(tmp_path: Path) -> None:
    text = "-- asset: market/candles_1h\n-- description: Bad rows.\n-- severity: warn\nselect 1"
    (check,) = load_checks(written(tmp_path, "checks", "candles_1h__no_odd_rows.sql", text))
    assert (check.name, check.asset, check.is_error) == ("no_odd_rows", ("market", "candles_1h"), False)


def test_a_severity_that_is_neither_warn_nor_error_is_refused(tmp_path) -> None:
    header = "-- asset: market/candles_1h\n-- description: test\n-- severity: {}\n"
    files = written(tmp_path, "checks", "candles_1h__odd.sql", header.format("error") + "select 1")
    assert [check.is_error for check in load_checks(files)] == [True]
    (files / "checks" / "candles_1h__odd.sql").write_text(header.format("fatal") + "select 1")
    with pytest.raises(SqlModelError, match="severity 'fatal' is unknown; write error or warn"):
        load_checks(files)


@pytest.mark.parametrize(
    ("bucket", "start", "end", "expected"),
    [
        (4, "05:00", "06:00", ("04:00", "08:00")),
        (4, "04:00", "08:00", ("04:00", "08:00")),
        (4, "03:00", "09:00", ("00:00", "12:00")),
        (24, "05:00", "06:00", ("00:00", "24:00")),
    ],
)
def test_a_window_is_widened_to_whole_utc_buckets(
    bucket: int, start: str, end: str, expected: tuple[str, str]
) -> None:
    day = datetime(2026, 8, 9, tzinfo=UTC)

    def at(text: str) -> datetime:
        return day + timedelta(hours=int(text[:2]))

    model = SqlModel("t", "", "", (), False, timedelta(hours=bucket), "", ())
    assert model.bucket_window(at(start), at(end)) == (at(expected[0]), at(expected[1]))


def test_an_hour_that_belongs_to_a_bucket_of_the_day_before_is_not_lost() -> None:
    model = SqlModel("t", "", "", (), False, timedelta(hours=24), "", ())
    late = datetime(2026, 8, 9, 23, tzinfo=UTC)
    first, last = model.bucket_window(late, late + timedelta(hours=2))
    assert (first.day, last.day) == (9, 11)


CHECK = "-- asset: market/candles_1h\n-- description: test\n-- severity: warn\n{header}{text}"
MODEL = (
    "-- table: {table}\n-- description: test\n-- grain: pair x hour\n-- key: pair, timestamp_utc\n"
    "-- tests: unique_key\n{header}select pair from market.candles_1h"
)


class TestHeadersAndStatementsThatAreRefused:
    """Each named with its file and the remedy, before anything is run."""

    @pytest.mark.parametrize(
        ("header", "text", "words"),
        [
            ("", "select 1; select 2", "holds 2 statements; write one query in each file"),
            ("", "select 1; drop table market.candles_1h", "holds 2 statements"),
            ("", "delete from market.candles_1h", "delete is no query; write select"),
            ("", "select 1;", "ends with a semicolon; remove it"),
            ("", "selec pair fro x", "bad.sql: "),
            ("", "select (", "bad.sql: "),
            ("", "-- nothing", "holds 0 statements"),
            ("-- bucket_hours: four\n", "select 1", "bucket_hours 'four' is no length of a bucket"),
            ("-- bucket_hours: 0\n", "select 1", "bucket_hours '0' is no length of a bucket"),
            ("-- bucket_hours: -4\n", "select 1", "bucket_hours '-4' is no length of a bucket"),
            ("-- bucket_hours: 5\n", "select 1", "write hours that divide a day: 1, 2, 3, 4, 6, 8, 12 or 24"),
            ("-- bucket_hours: 4, 24\n", "select 1", "has 2 lengths for 1 tables"),
        ],
    )
    def test_a_check(self, tmp_path: Path, header: str, text: str, words: str) -> None:
        (tmp_path / "checks").mkdir()
        (tmp_path / "checks" / "candles_1h__bad.sql").write_text(CHECK.format(header=header, text=text))
        with pytest.raises(SqlModelError, match=re.escape(words)) as failure:
            load_checks(tmp_path)
        assert "\n" not in str(failure.value)

    @pytest.mark.parametrize("severity", ["Error", "warning", "blocking", "warn, error"])
    def test_an_unknown_severity_is_no_warning(self, tmp_path: Path, severity: str) -> None:
        (tmp_path / "checks").mkdir()
        text = CHECK.format(header="", text="select 1").replace("severity: warn", f"severity: {severity}")
        (tmp_path / "checks" / "candles_1h__bad.sql").write_text(text)
        with pytest.raises(SqlModelError, match="write error or warn"):
            load_checks(tmp_path)

    @pytest.mark.parametrize(
        ("table", "header", "words"),
        [
            ("market.x", "-- kind: materialised\n", "kind 'materialised' is unknown; write view or table"),
            ("market.x, market.y", "-- bucket_hours: 4\n", "has 1 lengths for 2 tables"),
            ("market.x", "-- bucket_hours: 48\n", "bucket_hours '48' is no length"),
        ],
    )
    def test_a_model(self, tmp_path: Path, table: str, header: str, words: str) -> None:
        (tmp_path / "staging").mkdir()
        (tmp_path / "staging" / "bad.sql").write_text(MODEL.format(table=table, header=header))
        with pytest.raises(SqlModelError, match=re.escape(words)):
            load_models(tmp_path)
