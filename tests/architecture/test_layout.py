"""The layout: folders that one can hold in mind, files and functions that are short, no import circle."""

import ast
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

MAX_FILES = 15
P95_FILE, P95_FUNCTION = 250, 25
DAGSTER_FOLDERS = ("okx_assets/", "okx_jobs/dagster_jobs/")


def modules(sources: dict[str, ast.Module]) -> dict[str, str]:
    """Module name -> path."""
    return {".".join(Path(path).with_suffix("").parts).removesuffix(".__init__"): path for path in sources}


def arrows(sources: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Module -> the modules of the product that it imports."""
    names = modules(sources)
    found: dict[str, set[str]] = {}
    for name, path in names.items():
        wanted = set()
        for node in ast.walk(sources[path]):
            if isinstance(node, ast.ImportFrom):
                full = {f"{node.module}.{alias.name}" for alias in node.names}
                wanted |= {item if item in names else str(node.module) for item in full}
        found[name] = {item for item in wanted if item in names and item != name}
    return found


def package_of(name: str, names: dict[str, str]) -> str:
    return name if names[name].endswith("__init__.py") else name.rpartition(".")[0]


def percentile_95(values: list[int]) -> int:
    return sorted(values)[int(0.95 * len(values))]


def test_a_folder_holds_at_most_fifteen_python_files(tracked: list[str]) -> None:
    files = Counter(str(Path(name).parent) for name in tracked if name.endswith(".py"))
    assert len(files) > 80
    assert {folder: count for folder, count in files.items() if count > MAX_FILES} == {}, "split it by noun"


def test_files_and_functions_are_short(root: Path, sources: dict[str, ast.Module]) -> None:
    lines = [len((root / path).read_text().splitlines()) for path in sources]
    functions = [
        (node.end_lineno or 0) - node.lineno + 1
        for tree in sources.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert percentile_95(lines) < P95_FILE
    assert percentile_95(functions) < P95_FUNCTION


def test_no_file_imports_in_a_circle(sources: dict[str, ast.Module]) -> None:
    try:
        TopologicalSorter(arrows(sources)).prepare()
    except CycleError as error:
        pytest.fail(f"import circle: {' -> '.join(error.args[1])}")


def test_no_two_packages_import_each_other_in_a_circle(sources: dict[str, ast.Module]) -> None:
    """A package and its own parent or child may: `resources.okx.client` is made of `resources.okx.calls`."""
    names = modules(sources)
    packages: dict[str, set[str]] = {}
    for name, wanted in arrows(sources).items():
        own = package_of(name, names)
        others = {package_of(item, names) for item in wanted}
        packages.setdefault(own, set()).update(
            other for other in others
            if other != own and not own.startswith(f"{other}.") and not other.startswith(f"{own}.")
        )  # fmt: skip
    try:
        TopologicalSorter(packages).prepare()
    except CycleError as error:
        pytest.fail(f"packages in a circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("folder", DAGSTER_FOLDERS)
def test_files_of_the_dagster_folders_hold_what_needs_dagster(
    root: Path, sources: dict[str, ast.Module], folder: str
) -> None:
    """Lines of files that import no Dagster, of all lines: a use case belongs to okx_services."""
    counts: Counter[bool] = Counter()
    for path in sources:
        if path.startswith(folder):
            text = (root / path).read_text()
            counts["import dagster" in text] += len(text.splitlines())
    assert counts[False] < 0.1 * counts.total()


def test_every_folder_of_tests_is_a_folder_of_the_product_or_crosses_it(tracked: list[str]) -> None:
    across = {"architecture", "benchmarks", "conformance", "e2e", "faults", "sql"}
    folders = {
        parts[1:-1] for parts in (Path(name).parts for name in tracked if name.endswith(".py"))
        if parts[0] == "tests" and len(parts) > 2 and parts[1] not in across
    }  # fmt: skip
    assert len(folders) > 20
    own = {Path(name).parts[:depth] for name in tracked for depth in range(1, len(Path(name).parts))}
    assert folders - own == set(), "they mirror no folder"
