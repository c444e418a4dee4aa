"""A compiled loop needs no place to write to; what is cached expires with every source that it was compiled from."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.caching import CompileResultCacheImpl

from okx_core.backtest import loop
from okx_core.compilation import compiled, fingerprint

OWN = Path(__file__).parents[2]
MODULES = {
    "numbers_of_it.py": "FACTOR = 2.0\n",
    "inner.py": "from okx_core.compilation import compiled\nfrom made.numbers_of_it import FACTOR\n\n"
    "@compiled\ndef inner(x):\n    return FACTOR * x\n",
    "outer.py": "from okx_core.compilation import compiled\nfrom made.inner import inner\n\n"
    "@compiled\ndef outer(x):\n    return inner(x) + 1.0\n",
    "__init__.py": "",
}
ASK = "from made.outer import outer; print(outer(10.0), sum(outer.stats.cache_hits.values()))"


@pytest.fixture
def made(tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / name).write_text(text)
    return folder


def asked(made: Path) -> tuple[float, int]:
    """What a new process computes, and how many loops it took from the cache."""
    environment = {**os.environ, "PYTHONPATH": f"{made.parent}{os.pathsep}{OWN}"}
    done = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    value, hits = done.stdout.split()
    return float(value), int(hits)


def test_a_constant_that_changed_two_modules_away_is_compiled_anew(made: Path) -> None:
    assert asked(made) == (21.0, 0)
    assert asked(made) == (21.0, 1)
    (made / "numbers_of_it.py").write_text("FACTOR = 3.0\n")
    assert asked(made) == (31.0, 0)
    assert asked(made) == (31.0, 1)


def test_the_fingerprint_is_that_of_everything_imported_and_of_nothing_else() -> None:
    source = Path(str(loop.__file__))
    before = fingerprint(source, loop.__name__)
    assert before == fingerprint(source, loop.__name__)
    assert before != fingerprint(OWN / "okx_core/market/book_model.py", "okx_core.market.book_model")


def doubled(value: float) -> float:
    return 2.0 * value


def test_without_a_folder_for_its_cache_a_loop_is_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    assert compiled(doubled)(1.5) == 3.0
