"""The asset graph: complete, described, checked, and changed only on purpose."""

import difflib
import os
import re
from pathlib import Path

import dagster as dg
import pytest

from okx_assets import keys
from okx_jobs.definitions import definitions
from resources.postgres.table_dictionary import table_dictionary

SNAPSHOT = Path(__file__).with_name("asset_graph.txt")
GRAPH = definitions.get_repository_def().asset_graph
KEYS = sorted(GRAPH.materializable_asset_keys)
GROUPS = {"market", "features", "labels", "models", "backtests", "signals", "trading", "marts"}
name_of = dg.AssetKey.to_user_string
each_asset = pytest.mark.parametrize("key", KEYS, ids=name_of)


def grid_of(node) -> str:
    grid = node.partitions_def
    if grid is None:
        return "no partitions"
    if isinstance(grid, dg.MultiPartitionsDefinition):
        return " x ".join(part.name for part in grid.partitions_defs)
    offset = f" end_offset={grid.end_offset}" if grid.end_offset else ""
    return f"{grid.schedule_type.value.lower()} from {grid.start:%Y-%m-%d}{offset}"


def described() -> str:
    """Every asset with what a reviewer must see when it changes."""
    lines = []
    for key in KEYS:
        node = GRAPH.get(key)
        policy = (
            node.backfill_policy.policy_type.value.lower()
            if node.backfill_policy
            else "one run per partition"
        )
        checks = sorted(
            f"{check.name}{' (blocking)' if GRAPH.get_check_spec(check).blocking else ''}"
            for check in node.check_keys
        )
        lines += [
            name_of(key),
            f"  group       {node.group_name}",
            f"  owners      {', '.join(sorted(node.owners))}",
            f"  kinds       {', '.join(sorted(node.kinds))}",
            f"  partitions  {grid_of(node)}",
            f"  backfill    {policy}",
            f"  deps        {', '.join(sorted(map(name_of, node.parent_keys))) or 'none'}",
            f"  checks      {', '.join(checks)}",
            "",
        ]
    return "\n".join(lines)


def test_the_graph_is_the_reviewed_one() -> None:
    if os.environ.get("RENEW_ASSET_GRAPH"):
        SNAPSHOT.write_text(described())
    difference = difflib.unified_diff(
        SNAPSHOT.read_text().splitlines(), described().splitlines(), "reviewed", "now", lineterm="", n=9
    )
    text = "\n".join(difference)
    assert not text, (
        f"the asset graph has changed:\n{text}\n\nIf that is meant, run "
        "`RENEW_ASSET_GRAPH=1 pytest tests/architecture/test_asset_graph.py` and commit asset_graph.txt."
    )


def test_no_dependency_dangles() -> None:
    """Dagster accepts a misspelt key silently, as an external asset that never materialises."""
    external = GRAPH.get_all_asset_keys() - GRAPH.materializable_asset_keys
    assert external == set(), f"no asset makes {sorted(map(name_of, external))}"


@each_asset
def test_an_asset_is_owned_grouped_and_described(key: dg.AssetKey) -> None:
    node = GRAPH.get(key)
    assert node.owners
    assert node.group_name in GROUPS
    assert node.kinds
    assert len(node.description or "") > 20
    assert len(key.path) == 2, "a key is [schema, table]"


@each_asset
def test_an_asset_has_a_check_with_a_description(key: dg.AssetKey) -> None:
    checks = [GRAPH.get_check_spec(check) for check in GRAPH.get(key).check_keys]
    assert checks
    for check in checks:
        assert len(check.description or "") > 20, check.name


@each_asset
def test_an_asset_shows_every_column_of_its_table(key: dg.AssetKey) -> None:
    metadata = GRAPH.get(key).metadata
    columns = table_dictionary()[metadata["dagster/table_name"]].columns
    schema = metadata["dagster/column_schema"]
    assert [column.name for column in schema.columns] == list(columns)
    assert all(column.description for column in schema.columns)


def test_every_asset_has_its_key_in_the_list_of_keys() -> None:
    assert set(keys.EVERY) == set(KEYS)
    assert len(keys.EVERY) == len(set(keys.EVERY))


def test_no_file_but_the_list_of_keys_spells_an_asset_key(root: Path, sources) -> None:
    literal = re.compile("|".join(f'"{name_of(key)}"' for key in KEYS) + "|" + "|".join(
        rf'\["{key.path[0]}", "{key.path[1]}"\]' for key in KEYS
    ))  # fmt: skip
    found = [path for path in sources if literal.search((root / path).read_text())]
    assert found == [], "name it through okx_assets.keys"


def test_every_table_of_an_asset_has_a_key(database) -> None:
    keyless = database.rows(
        "select table_schema || '.' || table_name as name from information_schema.tables as t "
        "where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema', 'public') "
        "and not exists (select from information_schema.table_constraints as c where c.table_schema = t.table_schema "
        "and c.table_name = t.table_name and c.constraint_type = 'PRIMARY KEY')"
    )
    assert [row["name"] for row in keyless] == ["market.rejected_rows"]


VERBS = {
    "trade",
    "tune",
    "search",
    "report",
    "score",
    "compare",
    "evaluate",
    "explain",
    "refit",
    "validate",
    "refresh",
    "remove",
    "label",
    "train",
    "choose",
    "backtest",
    "execute",
    "repair",
    "settle",
    "check",
    "observe",
}


def test_jobs_are_named_verb_noun_and_described() -> None:
    jobs = [job for job in definitions.get_repository_def().get_all_jobs() if not job.name.startswith("__")]
    assert len(jobs) > 10
    for job in jobs:
        verb, _, noun = job.name.partition("_")
        assert verb in VERBS, job.name
        assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", noun), job.name
        assert job.description


def test_checks_and_assets_are_named_in_snake_case() -> None:
    names = {check.name for check in GRAPH.asset_check_keys} | {part for key in KEYS for part in key.path}
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []


def test_check_names_are_predicates() -> None:
    """A check is named by what holds when it passes."""
    nouns = [
        check.name
        for check in GRAPH.asset_check_keys
        if re.search(r"^(check|test|validate)|_(check|test)$", check.name)
    ]
    assert nouns == []


def test_schedules_and_sensors_say_what_they_do() -> None:
    repository = definitions.get_repository_def()
    assert [
        item.name for item in (*repository.schedule_defs, *repository.sensor_defs)
        if len(item.description or "") < 40
    ] == []  # fmt: skip
    names = [item.name for item in (*repository.schedule_defs, *repository.sensor_defs)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in names)
