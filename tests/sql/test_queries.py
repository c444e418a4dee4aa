"""Every query of dbt_like_sql runs against the migrated schema of a server without extensions."""

import ast
import re
from pathlib import Path

import psycopg
import pytest

from okx_core.errors import OkxSignalError
from resources.market.candle_store import TABLES
from resources.postgres.queries import QUERY_FILES, query, query_on
from resources.postgres.sql_models import SQL_FILES, load_checks, load_models

ROOT = SQL_FILES.parent
PRODUCT = ("okx_assets", "okx_jobs", "okx_services", "resources")
MAX_LINES = 3
STATEMENT = re.compile(
    r"(?i)^\W*(with|select|insert into|update|delete from)\b.*\b(from|into|set|values)\b", re.DOTALL
)
QUERIES = sorted(path.stem for path in QUERY_FILES.glob("*.sql"))
STAGED = re.compile(r"^-- staged: (\w+) ([\w.]+)$", re.MULTILINE)


def explain(database, statement: str, staged: list[tuple[str, str]] = ()) -> list[object]:
    """The plan for unknown parameters, made and thrown away."""
    with database.connect() as connection:
        client = psycopg.ClientCursor(connection)
        for name, table in staged:
            client.execute(f"create temporary table {name} (like {table} including defaults)")
        plan = client.execute(f"explain (generic_plan) {statement}").fetchall()
        connection.rollback()
    return plan


@pytest.fixture(scope="module")
def schema(new_database):
    with new_database() as database:
        for model in load_models():
            if model.is_view:
                model.build_view(database)
        yield database


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_has_a_header_and_is_understood_by_the_server(schema, name: str) -> None:
    text = (QUERY_FILES / f"{name}.sql").read_text()
    assert text.startswith("-- description: ")
    assert "\n-- parameters: " in text
    tables = [{}] if TABLES["1h"] not in query(name) else [{TABLES["1h"]: table} for table in TABLES.values()]
    for chosen in tables:
        assert explain(schema, query_on(name, chosen), STAGED.findall(text))


@pytest.mark.parametrize(
    "model", [*load_models(), *load_checks()], ids=lambda one: getattr(one, "table", "") or one.name
)
def test_a_model_and_a_check_are_understood_by_the_server(schema, model) -> None:
    assert explain(schema, model.text)


def test_every_query_is_used() -> None:
    source = "".join(path.read_text() for package in PRODUCT for path in (ROOT / package).rglob("*.py"))
    assert [name for name in QUERIES if f'"{name}"' not in source] == []


def statements() -> list[tuple[str, str, int]]:
    """Place, text and lines of every SQL statement in the Python files of the product."""
    found = []
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant | ast.JoinedStr):
                    text = node.value if isinstance(node, ast.Constant) else ast.unparse(node)
                    if isinstance(text, str) and STATEMENT.match(text):
                        place = f"{path.relative_to(ROOT)}:{node.lineno}"
                        found.append((place, text, node.end_lineno - node.lineno + 1))
    return found


def test_a_statement_that_joins_or_is_longer_than_three_lines_is_a_file() -> None:
    listed = statements()
    assert len(listed) > 30
    long = [place for place, text, lines in listed if lines > MAX_LINES or re.search(r"(?i)\bjoin\b", text)]
    assert long == [], "move it to dbt_like_sql/queries and load it with query()"


def test_an_unknown_query_and_an_odd_table_are_refused() -> None:
    with pytest.raises(OkxSignalError, match="there is no query 'nothing'"):
        query("nothing")
    with pytest.raises(OkxSignalError, match=r"write schema\.table"):
        query_on("note_gaps", {"market.candles_1h": "candles; drop table x"})


def test_a_query_is_read_without_its_header(tmp_path: Path) -> None:
    (tmp_path / "one.sql").write_text("-- description: one\n-- parameters: none\nselect 1\n")
    assert query("one", tmp_path) == "select 1"
