"""A compiled loop needs no place that it may write to."""

import pytest
from numba.core.caching import CompileResultCacheImpl

from okx_core.compilation import compiled


def doubled(value: float) -> float:
    return 2.0 * value


def test_without_a_folder_for_its_cache_a_loop_is_compiled_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(CompileResultCacheImpl, "_locator_classes", [])
    assert compiled(doubled)(1.5) == 3.0
