"""What is printed can be pasted into a shell."""

import shlex
from pathlib import Path

from okx_jobs.cli.commands import command_for
from resources.config.settings import Settings
from resources.postgres.database import Database, psql_command
from resources.postgres.embedded import EmbeddedPostgres


def test_the_default_home_needs_no_option() -> None:
    assert command_for(Settings().home) == "okxsignal"


def test_another_home_is_named_and_quoted(tmp_path: Path) -> None:
    home = tmp_path / "x y" / "grün ß $1"
    assert shlex.split(command_for(home)) == ["okxsignal", "--home", str(home)]


def test_the_address_of_psql_is_one_word_without_anything_that_a_shell_expands(monkeypatch) -> None:
    monkeypatch.setattr("resources.postgres.embedded.os.geteuid", lambda: 1000)
    command = psql_command(Database(EmbeddedPostgres(Path("/x y/grün $HOME `x`")).url))
    assert len(shlex.split(command)) == 2
    assert not set("$`\\!") & set(command)


def test_a_password_is_not_printed() -> None:
    assert psql_command(Database("postgresql://okx:to-hide@host/db")) == 'psql "postgresql://okx:***@host/db"'
