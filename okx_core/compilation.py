"""The one way this project compiles a numeric loop."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """`loop` as machine code, cached on disk beside its module; division by zero gives inf or NaN.

    No fast-math: the same inputs give the same bytes however the arrays are cut. The interpreter's lock
    is released, so threads run it side by side. Where neither this folder nor the user's cache can be
    written, each process compiles anew.
    """
    try:
        return cast(Loop, njit(cache=True, error_model="numpy", nogil=True)(loop))
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return cast(Loop, njit(error_model="numpy", nogil=True)(loop))
