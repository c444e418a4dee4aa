"""What starts is stopped, what only looks makes nothing, and every command says what is true."""

import os
import signal
import time

import psutil
import pytest

from resources.postgres.database import Database
from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.migrations import create_databases, migrate
from tests.resources.feature_store.test_claim_of_home import copy_home


@pytest.fixture
def made(shell):
    """A home with an empty cluster that is stopped."""
    server = EmbeddedPostgres(shell.home)
    server.start()
    server.stop()
    return shell


class TestWhatOnlyLooks:
    @pytest.mark.parametrize(("command", "code"), [("status", 1), ("gaps", 2), ("down", 0)])
    def test_it_makes_no_mistyped_home_and_says_that_there_is_none(
        self, shell, command: str, code: int
    ) -> None:
        answer = shell("--home", "no/such", command)
        assert answer.code == code
        assert f"there is no home {shell.directory / 'no/such'}" in answer.out.replace("\n", "") + answer.err
        assert not (shell.directory / "no").exists()

    def test_gaps_needs_no_exchange_no_mlflow_and_no_free_port(self, made, taken_port: int) -> None:
        answer = made("gaps", SIMULATOR_PORT=str(taken_port), MLFLOW_PORT=str(taken_port))
        assert (answer.code, answer.err) == (0, "")
        assert not EmbeddedPostgres(made.home).is_running()
        assert not list((made.home / "logs").glob("*")) if (made.home / "logs").exists() else True

    def test_doctor_names_a_taken_port_and_who_has_it(self, shell, taken_port: int) -> None:
        answer = shell("doctor", MLFLOW_PORT=str(taken_port))
        assert answer.code == 1
        words = " ".join(answer.out.split())
        assert f"port {taken_port}" in words
        assert "OKXSIGNAL_MLFLOW_PORT" in words
        assert f"(pid {os.getpid()})" in words
        assert shell("doctor").code == 0

    def test_status_doctor_and_config_name_the_files_that_were_read(self, made) -> None:
        (made.home / ".env").write_text("OKXSIGNAL_TAPE_SEED=9\n")
        for command in ("status", "doctor", "config"):
            assert str(made.home / ".env") in "".join(made(command).out.split())


class TestDown:
    def test_it_says_what_it_stopped(self, made) -> None:
        assert f"nothing was running in {made.home}" in made("down").out.replace("\n", "")
        EmbeddedPostgres(made.home).start()
        answer = made("down")
        assert "stopped postgres; nothing runs any more" in answer.out
        assert not EmbeddedPostgres(made.home).is_running()
        assert "are deleted" in made("down", "--forget").out
        assert not EmbeddedPostgres(made.home).exists()


class TestAFailedCommand:
    @pytest.mark.parametrize("command", ["up", "run-hour"])
    def test_it_leaves_no_database_running(self, made, command: str) -> None:
        server = EmbeddedPostgres(made.home)
        server.start()
        create_databases(server.url)
        migrate(Database(server.url))
        Database(server.url).execute("insert into ops.market_source (identity) values ('another market')")
        server.stop()
        answer = made(command)
        assert answer.code == 2
        assert "another market" in answer.err
        assert "Traceback" not in answer.err
        assert not server.is_running()

    def test_one_that_was_running_before_goes_on(self, made) -> None:
        server = EmbeddedPostgres(made.home)
        server.start()
        assert made("store").code == 0
        assert server.is_running()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_a_closed_terminal_stops_a_command_in_order(shell, number) -> None:
    process = shell.start("demo", "--days", "105")
    deadline = time.monotonic() + 60
    while not (shell.home / "services.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    process.communicate(timeout=60)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    assert not EmbeddedPostgres(shell.home).is_running()
    assert not (shell.home / "services.json").exists()


@pytest.mark.soak
@pytest.mark.timeout(400)
@pytest.mark.parametrize("number", [None, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT])
def test_a_detached_stack_is_up_when_the_command_ends_and_stops_in_order(shell, number) -> None:
    answer = shell("up", "--detach")
    assert answer.code == 0, answer.err
    assert "This home is empty" in (shell.home / "logs" / "up.log").read_text()
    assert shell("status").code == 0
    launcher = int(answer.out.replace("\n", " ").split("(pid ")[1].split(",")[0])
    children = psutil.Process(launcher).children(recursive=True)
    if number is None:
        assert f"stopped okxsignal up (pid {launcher})" in shell("down").out.replace("\n", " ")
    else:
        os.kill(launcher, number)
    _, alive = psutil.wait_procs([psutil.Process(launcher), *children] if number else children, timeout=60)
    assert alive == []
    assert not EmbeddedPostgres(shell.home).is_running()
    assert "stopping daemon" in (shell.home / "logs" / "up.log").read_text()


def test_a_copied_home_on_the_same_store_root_is_refused_every_change(made) -> None:
    shared = str(made.directory / "shared")
    assert made("store", "adopt", STORE_URL=shared).code == 0
    copy_home(made.home, made.directory / "copy")
    clone = EmbeddedPostgres(made.directory / "copy")
    try:
        for command in (("up",), ("store", "gc")):
            refused = made("--home", "copy", *command, STORE_URL=shared)
            assert refused.code == 2
            assert "belong to another database" in refused.err
            assert "OKXSIGNAL_STORE_URL" in refused.err
            assert "okxsignal store adopt" in refused.err
            assert not clone.is_running()
    finally:
        clone.forget()
