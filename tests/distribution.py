"""Which tests share a worker of pytest-xdist, and in which order they begin.

The tests of one file share a worker, so that a fixture of a module is set up once. The files of the demo home
share one worker, so that the demo runs once. The long tests of one file are apart, each function by itself.

The demo home begins first because it takes longest. While it compiles the numeric loops, the other workers
run files that need none of them; files that do find them compiled.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

DEMO_HOME = "the demo home"
DEMO_HOME_FILES = tuple(
    f"tests/e2e/test_{name}.py"
    for name in ("bad_market", "demo", "execution", "observations", "pages", "registry")
)
APART = ("tests/e2e/test_planted_edge.py",)
LOOPS = ("tests/okx_jobs/cli/test_validation.py",)
NO_LOOPS = ("tests/okx_jobs/", "tests/conformance/", "tests/okx_simulator/")
LONG = (
    "tests/e2e/",
    "tests/okx_core/validation/",
    "tests/faults/",
    "tests/okx_assets/",
    "tests/okx_core/features/",
)


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a worker one group of tests after the other; `--no-loadscope-reorder` keeps the order of collection.

    `--dist loadgroup` would do, but pytest 9.2 no longer reads the attribute in which it keeps the group.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """The name of the group of tests that a test shares a worker with."""
    path, _, name = nodeid.partition("::")
    if path in DEMO_HOME_FILES:
        return DEMO_HOME
    return f"{path}::{name.partition('[')[0]}" if path in APART else path


def rank(nodeid: str) -> int:
    """When a test begins: the demo home, files without compiled loops, long files with loops, the rest."""
    if nodeid.startswith(DEMO_HOME_FILES):
        return 0
    if nodeid.startswith(NO_LOOPS) and not nodeid.startswith(LOOPS):
        return 1
    return 2 if nodeid.startswith((*LONG, *LOOPS)) else 3


def in_order(items: list[pytest.Item]) -> None:
    """Put the tests in the order in which they begin under pytest-xdist."""
    strangers = {
        item.nodeid for item in items
        if item.nodeid.startswith("tests/e2e/")
        and "market" in getattr(item, "fixturenames", ())
        and group_of(item.nodeid) != DEMO_HOME
    }  # fmt: skip
    if strangers:
        raise pytest.UsageError(
            f"add the files of {sorted(strangers)} to DEMO_HOME_FILES, or the demo runs twice"
        )
    items.sort(key=lambda item: rank(item.nodeid))
