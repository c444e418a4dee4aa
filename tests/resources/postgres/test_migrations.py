"""Schema changes: once each, in order, never rewritten."""

import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from resources.postgres.database import Database, sibling
from resources.postgres.migrations import (
    DATABASES,
    SCHEMA_FILES,
    MigrationError,
    comment_columns,
    create_databases,
    migrate,
    sync_columns,
)


@pytest.fixture
def blank(server) -> Iterator[Database]:
    """A database without any schema."""
    name = f"blank_{uuid4().hex[:12]}"
    administration = Database(sibling(server.url, "postgres"))
    with administration.connect(autocommit=True) as connection:
        connection.execute(f"create database {name}")
    yield Database(sibling(server.url, name))
    with administration.connect(autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "001_first.sql").write_text("create table first (n int);\ninsert into first values (1);")
    (tmp_path / "002_second.sql").write_text("create table second as select n + 1 as n from first;")
    return tmp_path


class TestMigrate:
    def test_files_are_applied_once_in_order(self, blank: Database, files: Path) -> None:
        assert migrate(blank, files) == ["001_first.sql", "002_second.sql"]
        assert migrate(blank, files) == []
        assert blank.scalar("select n from second") == 2

    def test_a_new_file_is_applied_alone(self, blank: Database, files: Path) -> None:
        migrate(blank, files)
        (files / "003_third.sql").write_text("alter table first add column m int;")
        assert migrate(blank, files) == ["003_third.sql"]

    def test_a_changed_file_is_refused_and_nothing_is_applied(self, blank: Database, files: Path) -> None:
        migrate(blank, files)
        (files / "001_first.sql").write_text("create table other (n int);")
        (files / "003_third.sql").write_text("create table third (n int);")
        with pytest.raises(
            MigrationError, match=r"001_first.sql was changed after it was applied: restore it"
        ):
            migrate(blank, files)
        assert blank.scalar("select to_regclass('third')") is None

    def test_a_missing_file_is_refused(self, blank: Database, files: Path) -> None:
        migrate(blank, files)
        (files / "002_second.sql").unlink()
        with pytest.raises(
            MigrationError, match=r"002_second.sql was applied but is gone from .*: restore it"
        ):
            migrate(blank, files)

    def test_a_failing_file_leaves_nothing_of_the_whole_migration(self, blank: Database, files: Path) -> None:
        (files / "003_third.sql").write_text("create table third (n int); select 1 / 0;")
        with pytest.raises(psycopg.errors.DivisionByZero):
            migrate(blank, files)
        assert blank.scalar("select to_regclass('first')") is None
        assert blank.scalar("select to_regclass('schema_migrations')") is None

    def test_two_at_once_apply_each_file_once(self, blank: Database, files: Path) -> None:
        applied: list[list[str]] = []
        start = threading.Barrier(2)
        slow = files / "000_slow.sql"  # keeps the first one busy until the second has surely begun
        slow.write_text("select pg_sleep(0.5); create table slow (n int);")

        def run() -> None:
            start.wait()
            applied.append(migrate(blank, files))

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(applied) == [[], ["000_slow.sql", "001_first.sql", "002_second.sql"]]
        assert blank.scalar("select count(*) from first") == 1

    def test_the_products_own_files_leave_a_database_that_needs_nothing(self, database: Database) -> None:
        assert migrate(database) == []


OLD_HOME = """
insert into ml.model_versions values ('2026-08-09', 'lightgbm', 'okxsignal-return-1d', 3, 'r', 't', now(), now(), 9, 9,
    0.1, 2.0, 1.0, 1.0, 5, 'f', 'c', now());
insert into ml.champions
values ('2026-08-09', 'okxsignal-return-1d', 3, 'lightgbm', '2026-08-09', 'promoted', '{}', now());
insert into trading.signals values ('BTC-USDT', '2026-08-09', 0.5, 0.6, 1e9, 'pass', 'pass', 'pass', 'pass', 'pass',
    'pass', true, 1, 'okxsignal-return-1d', 3, false);
insert into backtests.runs (week, opening_equity_quote, closing_equity_quote, return_pct, cost_quote, trades, signals,
    model_versions, fee_rate, closing_portfolio)
values ('2026-08-09', 1, 1, 0, 0, 0, 1, '{3}', 0.001, '{}');
"""


class TestMembersInAnOldHome:
    """The home of an earlier version: its models and signals stay, and are not mistaken for those of members."""

    @pytest.fixture
    def old_home(self, blank: Database, tmp_path: Path) -> Database:
        files = sorted(SCHEMA_FILES.glob("*.sql"))
        for file in files:
            if file.name < "012":
                (tmp_path / file.name).write_bytes(file.read_bytes())
        migrate(blank, tmp_path)
        with blank.connect() as connection:
            connection.execute(OLD_HOME)
        for file in files:
            (tmp_path / file.name).write_bytes(file.read_bytes())
        assert "012_members.sql" in migrate(blank, tmp_path)
        return blank

    def test_what_was_decided_and_traded_is_kept_under_its_own_model(self, old_home: Database) -> None:
        assert old_home.scalar("select member from ml.model_versions") == "lightgbm"
        assert old_home.scalar("select model_name from backtests.runs") == "okxsignal-return-1d"
        row = old_home.rows("select gate_model, model_version, tradable from trading.signals")[0]
        assert (row["gate_model"], row["model_version"], row["tradable"]) == ("pass", 3, True)

    def test_no_week_of_it_has_a_version_of_the_signal_model(self, old_home: Database) -> None:
        from resources.registry.tracking import SIGNAL_MODEL

        assert (
            old_home.scalar("select count(*) from ml.champions where model_name = $1", (SIGNAL_MODEL,)) == 0
        )


class TestSyncColumns:
    TABLE = "features.features_1h"

    def test_new_names_become_real_columns_once(self, database: Database) -> None:
        assert sync_columns(database, self.TABLE, ["brand_new", "pair"]) == ["brand_new"]
        assert sync_columns(database, self.TABLE, ["brand_new"]) == []
        kind = database.scalar(
            "select data_type from information_schema.columns where table_schema = 'features' "
            "and table_name = 'features_1h' and column_name = 'brand_new'"
        )
        assert kind == "real"

    def test_names_that_left_the_registry_stay(self, database: Database) -> None:
        sync_columns(database, self.TABLE, ["old_one"])
        sync_columns(database, self.TABLE, ["new_one"])
        assert database.scalar(f"select count(old_one) from {self.TABLE}") == 0

    def test_columns_say_in_sql_what_they_are_and_are_told_once(self, database: Database) -> None:
        sync_columns(database, self.TABLE, ["odd"])
        words = {"odd": 'what a user\'s "odd" feature is: 100 %', "not_there": "left out"}
        assert comment_columns(database, self.TABLE, words) == 1
        assert comment_columns(database, self.TABLE, words) == 0
        said = database.scalar(
            "select col_description(attrelid, attnum) from pg_attribute "
            "where attrelid = $1::regclass and attname = 'odd'",
            (self.TABLE,),
        )
        assert said == words["odd"]


class TestCreateDatabases:
    def test_it_makes_the_three_and_the_one_of_the_url(self, server) -> None:
        url = sibling(server.url, "a database of mine")
        for _ in range(2):
            create_databases(url)
        names = {
            row["datname"]
            for row in Database(sibling(server.url, "postgres")).rows("select datname from pg_database")
        }
        assert {*DATABASES, "a database of mine"} <= names
        with Database(sibling(server.url, "postgres")).connect(autocommit=True) as connection:
            connection.execute('drop database "a database of mine"')

    @pytest.mark.usefixtures("databases")
    def test_only_dagsters_bookkeeping_may_be_lost_in_a_power_cut(self, server) -> None:
        assert Database(sibling(server.url, "dagster")).scalar("show synchronous_commit") == "off"
        assert Database(sibling(server.url, "okxsignal")).scalar("show synchronous_commit") == "on"

    @pytest.mark.usefixtures("databases")
    def test_a_user_who_may_not_create_them_is_told_what_to_do(self, server) -> None:
        Database(server.url).execute("create role guest login")
        guest = server.url.replace("okxsignal@", "guest@")
        try:
            create_databases(guest)  # they are there already: nothing is to be created
            with pytest.raises(
                MigrationError, match=r"may not create the database own: .* grant it CREATEDB"
            ):
                create_databases(sibling(guest, "own"))
        finally:
            Database(server.url).execute("drop role guest")
