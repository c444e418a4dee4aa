"""Who may import whom, and what an import may cost."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

FRAMEWORKS = {
    "dagster", "sqlalchemy", "requests", "mlflow", "psycopg", "psycopg2", "starlette", "uvicorn", "click", "rich",
    "websockets", "adbc_driver_postgresql", "pydantic",
}  # fmt: skip
HEAVY = {
    "dagster",
    "pandas",
    "numpy",
    "mlflow",
    "numba",
    "lightgbm",
    "catboost",
    "sklearn",
    "pyarrow",
    "sqlalchemy",
}


def module_names(sources: dict[str, ast.Module], package: str) -> list[str]:
    paths = [Path(path) for path in sources if path.startswith(f"{package}/")]
    return sorted(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths)


def imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_the_core_loads_no_framework(sources, loaded_by) -> None:
    names = module_names(sources, "okx_core")
    assert len(names) > 30
    assert loaded_by("\n".join(f"import {name}" for name in names)) & FRAMEWORKS == set()


def test_help_is_instant_because_it_loads_nothing_heavy(loaded_by) -> None:
    program = (
        "from okx_jobs.cli.main import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0"
    )
    assert loaded_by(program) & HEAVY == set()


def test_help_answers_in_half_a_second_of_work() -> None:
    """Processor time, the best of three: a busy machine must not fail it."""

    def seconds() -> float:
        before = os.times()
        command = [str(Path(sys.executable).with_name("okxsignal")), "--help"]
        subprocess.run(command, capture_output=True, check=True, timeout=60)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < 0.5


def test_the_import_contracts_hold(root: Path) -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    answer = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    assert answer.returncode == 0, answer.stdout[-3000:]
    kept, broken = re.search(r"Contracts: (\d+) kept, (\d+) broken", answer.stdout).groups()
    assert (int(kept) >= 7, broken) == (True, "0")


def test_asset_stages_never_import_each_other(sources) -> None:
    """They are linked by asset key; only keys, grids and table descriptions are shared."""
    shared = {"okx_assets.keys", "okx_assets.partitions", "okx_assets.tables"}
    assert any(path.startswith("okx_assets/") for path in sources)
    for path, tree in sources.items():
        if path.startswith("okx_assets/"):
            own = ".".join(Path(path).with_suffix("").parts[:2])
            others = {name for name in imports(tree) if name.startswith("okx_assets")}
            foreign = {
                name for name in others if not any(name.startswith(allowed) for allowed in (own, *shared))
            }
            assert not foreign - {"okx_assets"}, f"{path} imports another stage"


def test_nothing_that_serves_imports_labels(sources) -> None:
    serving = (
        "okx_core/features/",
        "okx_core/decisions/",
        "okx_core/trading/",
        "okx_assets/signals",
        "okx_assets/execution",
        "okx_services/trading/",
    )
    assert [prefix for prefix in serving if not any(path.startswith(prefix) for path in sources)] == []
    for path, tree in sources.items():
        if path.startswith(serving):
            assert not any(name.startswith("okx_core.labels") for name in imports(tree)), path


def test_package_files_hold_a_docstring_only(sources) -> None:
    assert any(path.endswith("__init__.py") for path in sources)
    for path, tree in sources.items():
        if path.endswith("__init__.py"):
            assert ast.get_docstring(tree), f"{path}: say what the package is"
            assert len(tree.body) == 1, f"{path}: a package file holds its docstring only"


def test_no_work_at_import(sources) -> None:
    """A module's top level holds definitions; loops, `with` and bare calls are work."""
    allowed = {"okx_jobs/definitions.py", "okx_jobs/stack/webserver_guard.py", "okx_simulator/__main__.py"}
    assert allowed <= set(sources)
    for path, tree in sources.items():
        for node in tree.body:
            guard = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
            typing = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            works = isinstance(node, ast.For | ast.While | ast.With) or (
                isinstance(node, ast.If) and not (guard or typing)
            )
            calls = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
            assert not (works or calls) or path in allowed, f"{path}:{node.lineno} works at import"


def test_only_the_settings_read_the_environment(sources) -> None:
    """Elsewhere the environment is only passed on, or set to the home."""
    exceptions = {
        "resources/config/settings.py", "resources/environment.py", "resources/registry/tracking.py",
        "okx_simulator/protocol/credentials.py",
        "okx_jobs/cli/main.py", "okx_jobs/runs/market_choice.py", "okx_jobs/stack/services.py",
    }  # fmt: skip
    readers = {
        path for path, tree in sources.items() for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb")
    }  # fmt: skip
    assert readers <= exceptions, f"read it through resources.config.settings: {sorted(readers - exceptions)}"


def test_outside_the_settings_only_the_home_is_asked_for_by_name(sources) -> None:
    assert "resources/config/settings.py" in sources
    for path, tree in sources.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript | ast.Call) and "environ" in ast.unparse(node):
                names = {
                    n.value
                    for n in ast.walk(node)
                    if isinstance(n, ast.Constant) and isinstance(n.value, str)
                }
                asked = {name for name in names if name.startswith("OKXSIGNAL_")}
                assert path == "resources/config/settings.py" or asked <= {"OKXSIGNAL_HOME"}, (
                    f"{path}:{node.lineno}"
                )


def test_below_the_jobs_nobody_takes_all_settings(sources) -> None:
    """A function gets the part that it needs; only the jobs put parts together."""
    below = ("okx_core/", "okx_services/", "okx_assets/", "resources/")
    takers = [
        path for path, tree in sources.items()
        if path.startswith(below) and not path.startswith("resources/config/")
        and "resources.config.settings.Settings" in imports(tree)
    ]  # fmt: skip
    assert takers == []


def test_the_time_of_day_is_never_read_in_the_core(sources) -> None:
    assert any(path.startswith("okx_core/") for path in sources)
    clocks = ("datetime.now", "datetime.utcnow", "time.time", "date.today", "Timestamp.now", "perf_counter")
    for path, tree in sources.items():
        if path.startswith("okx_core/"):
            calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
            assert not [call for call in calls if call.endswith(clocks)], f"{path}: the clock is an argument"
