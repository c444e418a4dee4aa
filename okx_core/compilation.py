"""The one way this project compiles a numeric loop."""

import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., object])
IMPORT = re.compile(r"^\s*(?:from|import)\s+([\w.]+)", re.MULTILINE)


def compiled(loop: Loop) -> Loop:
    """`loop` as machine code, cached on disk beside its module; division by zero gives inf or NaN.

    No fast-math: the same inputs give the same bytes however the arrays are cut. The interpreter's lock
    is released, so threads run it side by side. Where neither this folder nor the user's cache can be
    written, each process compiles anew.
    """
    try:
        made = njit(cache=True, error_model="numpy", nogil=True)(loop)
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return cast(Loop, njit(error_model="numpy", nogil=True)(loop))
    _expire_with_sources(made, sys.modules.get(loop.__module__))
    return cast(Loop, made)


def _expire_with_sources(made: Any, module: Any) -> None:
    """Let what is cached expire when any source that it was compiled from has changed.

    numba compares only the file of the function itself, so after an upgrade it would go on with the old code of
    functions and constants that the loop takes from other modules.
    """
    source = getattr(module, "__file__", None)
    if source is not None:
        made._cache._cache_file._source_stamp = fingerprint(Path(source), module.__name__)


def fingerprint(source: Path, name: str) -> str:
    """A hash of the contents of a module and of all that it imports from its own top package."""
    package = name.partition(".")[0]
    root = source.parents[name.count(".")]
    seen: dict[Path, str] = {}
    waiting = [source]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            digest, imported = _read(path)
            seen[path] = digest
            waiting += [file for name in imported for file in _files(root, package, name)]
    return hashlib.sha256("".join(sorted(seen.values())).encode()).hexdigest()


@cache
def _read(path: Path) -> tuple[str, tuple[str, ...]]:
    """The hash of a file, and the modules that it names in imports."""
    text = path.read_bytes()
    return hashlib.sha256(text).hexdigest(), tuple(set(IMPORT.findall(text.decode())))


def _files(root: Path, package: str, name: str) -> Iterator[Path]:
    """The files of a module of the package: the module's own, or that of a folder."""
    if name.partition(".")[0] == package:
        place = root.joinpath(*name.split("."))
        yield from (path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file())
