"""When candle tables become hypertables: the decision, against a server that only records statements."""

from dataclasses import dataclass, field

import psycopg
import pytest

from resources.postgres.database import Database
from resources.postgres.hypertables import CANDLE_TABLES, make_hypertables


@dataclass
class Server:
    """Answers like a server that offers TimescaleDB in this version, or None; `allowed` to create it or not."""

    offered: bool = True
    installed: str | None = None
    allowed: bool = True
    statements: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)

    def rows(self, statement: str, _parameters: tuple[object, ...] = ()) -> list[dict[str, object]]:
        assert "pg_available_extensions" in statement
        return [{"installed_version": self.installed}] if self.offered else []

    def scalar(self, statement: str, _parameters: tuple[object, ...] = ()) -> object:
        assert "pg_extension" in statement
        return None if self.installed is None else 1

    def execute(self, statement: str, parameters: tuple[object, ...] = ()) -> int:
        if statement.startswith("create extension"):
            if not self.allowed:
                raise psycopg.errors.InsufficientPrivilege("no")
            self.installed = "2.17"
        self.statements.append((statement.split("(")[0], parameters))
        return 0


HYPERTABLES = [("select create_hypertable", (table,)) for table in CANDLE_TABLES]
CREATED = ("create extension if not exists timescaledb", ())


@pytest.mark.parametrize(
    ("server", "statements"),
    [
        (Server(offered=False), []),
        (Server(), [CREATED, *HYPERTABLES]),
        (Server(installed="2.17"), HYPERTABLES),
        (Server(allowed=False), []),
    ],
    ids=["not offered", "offered", "installed", "not allowed"],
)
def test_only_where_the_extension_can_be_had(server: Server, statements: list[object]) -> None:
    made = make_hypertables(server)  # type: ignore[arg-type]
    assert server.statements == statements
    assert made == (list(CANDLE_TABLES) if statements else [])


def test_the_embedded_server_has_plain_tables(database: Database) -> None:
    assert make_hypertables(database) == []
