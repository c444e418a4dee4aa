"""Numbers that a feature's function carries and no formula names: constants that were computed from a sample.

A column that was centred, scaled, clipped or cut into classes by such constants is a function of its bars alone, so
that it is the same wherever the candles begin and end. But someone has computed the constants from candles, and at
the first of them nobody knew the later ones. They have the digits of a computation: 0.0063128475190, never 0.0063.
"""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from types import BuiltinFunctionType, CodeType, ModuleType
from typing import Any

import numpy as np
import pandas as pd

DIGITS = 10  # more of them nobody writes in a formula
LARGEST_DENOMINATOR = 10_000
SAME = 1e-14
DEEPEST = 5  # functions that call functions
SHOWN = 3


def _within(deviations: float) -> float:
    """The share of a normal distribution; NaN far out, where every number gives 1."""
    return math.erf(deviations) if abs(deviations) < 4.0 else math.nan


# As they come in formulas: the number itself or what it was made from is a fraction.
FORMS: tuple[Callable[[float], float], ...] = (
    lambda number: number,
    lambda number: number * number,
    lambda number: number / math.pi,
    lambda number: number * number / math.pi,
    lambda number: math.exp(number) if abs(number) < 30.0 else math.nan,
    lambda number: math.log(abs(number)),
    lambda number: 2.0**number if abs(number) < 60.0 else math.nan,
    lambda number: _within(number / math.sqrt(2.0)),  # quantiles of the normal distribution
    lambda number: _within(1.0 / (number * math.sqrt(2.0))),
)


def carried_numbers(compute: Callable[..., Any]) -> list[float]:
    """Numbers in the function, what it encloses and what it calls that look computed; each once."""
    found = dict.fromkeys(number for number in _numbers(compute, set(), 0) if _is_computed(number))
    return list(found)


def _numbers(thing: Any, seen: set[int], depth: int) -> Iterator[float]:
    if (
        id(thing) in seen
        or depth > DEEPEST
        or isinstance(thing, (ModuleType, type, BuiltinFunctionType, str))
    ):
        return
    seen.add(id(thing))
    if isinstance(thing, (float, np.floating)):
        yield float(thing)
    elif isinstance(thing, (np.ndarray, pd.Series, pd.DataFrame, pd.Index)):
        yield from _of_array(np.asarray(thing))
    elif isinstance(thing, (tuple, list, set, frozenset)):
        for member in thing:
            yield from _numbers(member, seen, depth + 1)
    elif isinstance(thing, dict):
        for member in thing.values():
            yield from _numbers(member, seen, depth + 1)
    elif isinstance(thing, partial):
        yield from _numbers((thing.func, thing.args, thing.keywords), seen, depth)
    else:
        for member in _members(thing):
            yield from _numbers(member, seen, depth + 1)


def _of_array(values: "np.ndarray[Any, Any]") -> Iterator[float]:
    """Enough of an array to know whether it was computed."""
    if values.dtype.kind == "f":
        yield from (float(number) for number in values.ravel()[:100])


def _members(thing: Any) -> Iterator[Any]:
    """What a function, a compiled one, a method or an object holds."""
    function = getattr(thing, "py_func", thing)
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if isinstance(code, CodeType):
        yield from _constants(code)
        yield from getattr(function, "__defaults__", None) or ()
        yield from (getattr(function, "__kwdefaults__", None) or {}).values()
        for cell in getattr(function, "__closure__", None) or ():
            try:
                yield cell.cell_contents
            except ValueError:  # not assigned yet
                continue
        names = function.__globals__
        yield from (names[name] for name in _names(code) if name in names)
    if hasattr(thing, "__self__"):
        yield thing.__self__
    if isinstance(getattr(thing, "__dict__", None), dict) and not hasattr(thing, "py_func"):
        yield from vars(thing).values()
        call = type(thing).__dict__.get("__call__")
        yield from (call,) if call is not None and code is None else ()


def _constants(code: CodeType) -> Iterator[Any]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _constants(constant)
        else:
            yield constant


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _is_computed(number: float) -> bool:
    """Whether it has the digits of a computation and is no simple function of a fraction."""
    if not math.isfinite(number) or number == 0.0 or _digits(number) <= DIGITS:
        return False
    return not any(_is_fraction(form(number)) for form in FORMS)


def _digits(number: float) -> int:
    return len(repr(number).split("e")[0].replace(".", "").replace("-", "").strip("0"))


def _is_fraction(number: float) -> bool:
    if not math.isfinite(number):
        return False
    near = Fraction(number).limit_denominator(LARGEST_DENOMINATOR)
    return abs(float(near) - number) <= SAME * abs(number)
