"""What a strategy is, and its versioned form: everything that decides, under one hash."""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from okx_core.decisions.exits import ExitRules
from okx_core.decisions.protections import DEFAULT_PROTECTIONS, Protections, is_whole
from okx_core.decisions.rules import OPTIONAL_RULES, DecisionRules
from okx_core.errors import OkxSignalError
from okx_core.strategies.panel import Array, Panel
from okx_core.strategies.ranges import Range

Number = int | float
_Given = dict[str, Any]
Decide = Callable[[Panel, Mapping[str, Number]], "Wants"]


class StrategyError(OkxSignalError):
    """A strategy, or a parameter of one, that cannot be used."""


@dataclass(frozen=True)
class Wants:
    """What a strategy wants at the close of each bar, [hours, pairs].

    `score` is the expected return of a position in percent, in excess of what all pairs earn; the best are bought
    first, and NaN is not bought. `leaves` is true where a position is closed. A strategy that only ranks sets
    `fee_margin` to 0: its scores are no returns that could be compared with costs.
    """

    score: Array
    leaves: NDArray[np.bool_]


@dataclass(frozen=True)
class StrategySpec:
    """A strategy with all its numbers. `code` is what decides: the name of a built-in one or the hash of a file."""

    name: str
    code: str
    parameters: Mapping[str, Number]
    rules: DecisionRules
    exits: ExitRules
    protections: Protections

    def to_json(self) -> dict[str, Any]:
        """Plain values, with the version."""
        return {**self._words(), "version": self.version}

    def _words(self) -> dict[str, Any]:
        return {
            "name": self.name, "code": self.code, "parameters": dict(self.parameters), "rules": asdict(self.rules),
            "exits": asdict(self.exits), "protections": asdict(self.protections),
        }  # fmt: skip

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of everything that decides."""
        text = json.dumps(self._words(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Strategy:
    """A name, a sentence, and `decide`: wants from a panel that holds `columns`, with `parameters` (defaults).

    `decide` may read a row and those before it, never a later one; `lookahead.py` checks it.
    """

    name: str
    summary: str
    decide: Decide
    parameters: Mapping[str, Number] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rules: DecisionRules = field(default_factory=DecisionRules)
    exits: ExitRules = field(default_factory=ExitRules)
    code: str = ""
    protections: Protections = DEFAULT_PROTECTIONS
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Of its own parameters, rules or exits: what `okxsignal tune` varies where nothing else is asked for."""

    def spec(self, given: Mapping[str, str]) -> StrategySpec:
        """The strategy with parameters as they were given, as text: its own, or a field of its rules, exits or
        protections.

        Raises StrategyError for an unknown name or a value that is no such number, and DecisionRulesError,
        ExitRulesError or ProtectionsError for one that they cannot have.
        """
        own, rules, exits, protections = dict(self.parameters), _Given(), _Given(), _Given()
        for name, text in given.items():
            if name in own:
                own[name] = _number(name, text, own[name])
            elif name in _fields(self.rules):
                rules[name] = _rule(name, text, _fields(self.rules)[name])
            elif name in _fields(self.exits):
                exits[name] = _optional(name, text, 1.0)
            elif name in _fields(self.protections):
                protections[name] = _optional(name, text, 1 if is_whole(name) else 1.0)
            else:
                raise StrategyError(self._unknown(name))
        code = self.code or f"built in: {self.name}"
        changed = (
            replace(self.rules, **rules),
            replace(self.exits, **exits),
            replace(self.protections, **protections),
        )
        return StrategySpec(self.name, code, own, *changed)

    def _unknown(self, name: str) -> str:
        known = [*self.parameters, *_fields(self.rules), *_fields(self.exits), *_fields(self.protections)]
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"strategy {self.name} has no parameter {name}{hint} It has {', '.join(known)}"


def _fields(held: DecisionRules | ExitRules | Protections) -> dict[str, Any]:
    return {one.name: getattr(held, one.name) for one in fields(held)}


def _rule(name: str, text: str, example: Number | str) -> Number | str | None:
    """The value of a rule; a word where the default is one."""
    if isinstance(example, str):
        return text.strip()
    return _optional(name, text, 1.0) if name in OPTIONAL_RULES else _number(name, text, example)


def _optional(name: str, text: str, example: Number) -> Number | None:
    """The value of a parameter that may be none."""
    return None if text.strip().lower() == "none" else _number(name, text, example)


def _number(name: str, text: str, example: Number | None) -> Number:
    """The value of a parameter; a whole number where the default is one."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise StrategyError(f"parameter {name} is {text!r}: give a number")
    if isinstance(example, int) and not value.is_integer():
        raise StrategyError(f"parameter {name} is {text}: give a whole number")
    return int(value) if isinstance(example, int) else value
