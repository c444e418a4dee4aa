"""Which tests share a worker of pytest-xdist, and in which order they begin.

The tests of one file share a worker, so that a fixture of a module is set up once. The files of the demo home
share one worker, so that the demo runs once, and so do those of the research services, whose members are trained
once. The long tests of one file are apart, each function by itself.

The demo home begins first because it takes longest. While it compiles the numeric loops, the other workers
run files that need none of them; files that do find them compiled.
"""

import ast
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

DEMO_HOME = "the demo home"
RESEARCH = "tests/okx_services/research/"
E2E = Path(__file__).parent / "e2e"
APART = ("tests/e2e/test_planted_edge.py",)
LOOPS = ("tests/okx_jobs/cli/test_validation.py", "tests/okx_jobs/cli/research/")
NO_LOOPS = ("tests/okx_jobs/", "tests/conformance/", "tests/okx_simulator/")
LONG = (
    "tests/e2e/",
    "tests/okx_core/validation/",
    "tests/faults/",
    "tests/okx_assets/",
    "tests/okx_core/features/",
    RESEARCH,
)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker one group of tests after the other; `--no-loadscope-reorder` keeps the order of collection.

    `--dist loadgroup` would do, but pytest 9.2 no longer reads the attribute in which it keeps the group.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@cache
def demo_home_files() -> tuple[str, ...]:
    """The files whose tests or fixtures take `market`, the demo home."""
    return tuple(f"tests/e2e/{path.name}" for path in sorted(E2E.glob("test_*.py")) if takes_market(path))


def takes_market(path: Path) -> bool:
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    return any(argument.arg == "market" for function in functions for argument in function.args.args)


def group_of(nodeid: str) -> str:
    """The name of the group of tests that a test shares a worker with."""
    path, _, name = nodeid.partition("::")
    if path in demo_home_files():
        return DEMO_HOME
    if path.startswith(RESEARCH):
        return RESEARCH
    return f"{path}::{name.partition('[')[0]}" if path in APART else path


def rank(nodeid: str) -> int:
    """When a test begins: the demo home, files without compiled loops, long files with loops, the rest."""
    if nodeid.startswith(demo_home_files()):
        return 0
    if nodeid.startswith(NO_LOOPS) and not nodeid.startswith(LOOPS):
        return 1
    return 2 if nodeid.startswith((*LONG, *LOOPS)) else 3


def in_order(items: list[pytest.Item]) -> None:
    """Put the tests in the order in which they begin under pytest-xdist."""
    items.sort(key=lambda item: rank(item.nodeid))
