"""The tree: sizes, names, debris, pinned dependencies, nothing of one machine."""

import ast
import re
import sys
import tomllib
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest

MAX_FILE = 300
MAX_FUNCTION = 60
TO_BE_SPLIT: set[str] = set()
WORTH_A_LOOK = 40
CODE = (".py", ".sql", ".toml", ".txt", ".md", ".yaml", ".yml", "")


def functions(tree: ast.Module) -> list[tuple[str, int]]:
    """Name and lines of every function, decorators and docstring left out."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            first = body[0].lineno if body else node.lineno
            found.append((node.name, (node.end_lineno or 0) - first + 1))
    return found


def test_no_file_is_longer_than_300_lines(root: Path, tracked: list[str]) -> None:
    code = [name for name in tracked if name.endswith((".py", ".sql"))]
    lengths = {name: len((root / name).read_text().splitlines()) for name in code}
    long = {name for name, length in lengths.items() if length > MAX_FILE}
    assert long - TO_BE_SPLIT == set(), "split it by noun"
    assert TO_BE_SPLIT - long == set(), "it is short now: take it off the list"


def test_no_function_is_longer_than_60_lines(sources) -> None:
    lengths = {f"{path}:{name}": lines for path, tree in sources.items() for name, lines in functions(tree)}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION} == {}, "split it"
    long = {name: lines for name, lines in lengths.items() if lines > WORTH_A_LOOK}
    if long:
        print(f"functions past {WORTH_A_LOOK} lines: {long}")


def test_every_module_and_test_file_says_what_it_is(sources) -> None:
    assert [path for path, tree in sources.items() if not ast.get_docstring(tree)] == []


def test_public_names_of_the_product_are_annotated_and_modules_are_lower_case(sources) -> None:
    assert [path for path in sources if not re.fullmatch(r"[a-z0-9_/]+\.py", path)] == []


def test_no_commented_out_code_and_no_work_notes(root: Path, sources) -> None:
    assert sources
    for path in sources:
        text = (root / path).read_text()
        assert not re.search(r"#\s*(TODO|FIXME|XXX|HACK)\b", text), path
        assert not re.search(
            r"^\s*#\s*(import |from \w+ import |def |return |if .*:$)", text, re.MULTILINE
        ), path


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a home directory", r"/(home|Users)/(?!ada\b)[a-z]\w*/|/root/"),
        ("a checkout of this machine", "/" + r"work/(main|shared)"),
        ("a wheel folder of this machine", "/opt/" + "wheels"),
        (
            "a package index",
            r"https?://[\w.-]*(pypi|pythonhosted|artifactory|nexus|index)[\w.-]*|--(extra-)?index-" + "url",
        ),
    ],
)
def test_no_tracked_file_names(root: Path, tracked: list[str], what: str, pattern: str) -> None:
    found = []
    for name in tracked:
        if Path(name).suffix in CODE and Path(name).name != Path(__file__).name:
            text = (root / name).read_text(encoding="utf-8", errors="replace")
            found += [f"{name}: {match[0]}" for match in re.finditer(pattern, text)]
    assert found == [], f"{what} does not belong in the repository"


def test_no_tracked_file_holds_a_secret(root: Path, tracked: list[str]) -> None:
    assert not [
        name
        for name in tracked
        if Path(name).name in (".env", "live_armed") or name.endswith((".pem", ".key"))
    ]
    for name in tracked:
        if name.endswith((".py", ".md", ".toml", ".yaml")) and not name.startswith("tests/"):
            text = (root / name).read_text(encoding="utf-8")
            assert not re.search(r"(?i)(api_?key|secret|passphrase)\s*=\s*['\"][0-9a-f-]{20,}['\"]", text), (
                name
            )


def normal(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


@pytest.fixture(scope="module")
def pinned(root: Path) -> dict[str, str]:
    lines = [line for line in (root / "constraints.txt").read_text().splitlines() if line and line[0] != "#"]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    return {normal(line.partition("==")[0]): line.partition("==")[2] for line in lines}


@pytest.fixture(scope="module")
def declared(root: Path) -> set[str]:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    return {normal(item) for group in groups for item in group}


class TestDependencies:
    def test_every_declared_one_is_pinned(self, declared: set[str], pinned: dict[str, str]) -> None:
        assert declared - set(pinned) == set()

    def test_none_needs_a_graphics_card(self, pinned: dict[str, str]) -> None:
        assert [name for name in pinned if re.search(r"nvidia|cuda|cupy|triton|^torch|^xgboost$", name)] == []

    def test_the_installed_ones_are_the_pinned_ones(self, pinned: dict[str, str]) -> None:
        installed = {normal(found.metadata["Name"]): found.version for found in distributions()}
        different = {
            name: (installed[name], version)
            for name, version in pinned.items()
            if installed.get(name, version) != version
        }
        assert different == {}

    def test_every_third_party_import_is_declared(
        self, sources, declared: set[str], pinned: dict[str, str]
    ) -> None:
        own = {path.partition("/")[0] for path in sources} | set(sys.stdlib_module_names)
        by_module = packages_distributions()
        for path, tree in sources.items():
            for node in ast.walk(tree):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                for module in {name.partition(".")[0] for name in modules} - own:
                    names = {normal(name) for name in by_module.get(module, [module])}
                    assert names & declared, f"{path} imports {module}: declare {names} in pyproject.toml"
        assert pinned
