"""The form of every SQL file: header, named steps, `select * from final`; bound parameters only."""

import re

import pytest

from resources.postgres.sql_models import SQL_FILES

FILES = sorted([path for path in SQL_FILES.rglob("*.sql") if path.parent.name not in ("schema", "queries")])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SQL_FILES)))
def test_a_model_ends_with_its_final_step_and_is_lower_case(path) -> None:
    text = path.read_text()
    code = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    assert text.startswith("-- ")
    assert code.startswith("with ")
    assert code.rstrip().endswith("select * from final")
    assert not re.search(r"\b(SELECT|FROM|WHERE|JOIN|WITH)\b", code)
    assert not re.search(r"%s|\{\w+\}|:\w+(?<!::)\b(?<=\s:\w)", code)


def test_schema_files_are_numbered_without_gaps() -> None:
    names = sorted(path.name for path in (SQL_FILES / "schema").glob("*.sql"))
    assert [int(name[:3]) for name in names] == list(range(1, len(names) + 1))
