"""A user's strategies: one Python file each, in the folder `strategies` of the home."""

import hashlib
import keyword
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from okx_core.decisions.exits import ExitRules, ExitRulesError
from okx_core.decisions.protections import DEFAULT_PROTECTIONS, Protections, ProtectionsError
from okx_core.decisions.rules import DecisionRules, DecisionRulesError
from okx_core.strategies.built_in import BUILT_IN
from okx_core.strategies.panel import Panel
from okx_core.strategies.ranges import Range, RangeError
from okx_core.strategies.strategy import Number, Strategy, StrategyError, Wants

FOLDER = "strategies"
WORDS = ("sizing",)  # rules that are no number
TEMPLATE = '''"""Buys what has fallen most in three days and leaves it when it has risen above its mean."""

import numpy as np

# Numbers that `okxsignal backtest --param hours=48` can change.
PARAMETERS = {"hours": 72, "top": 3}
# From where to where `okxsignal tune` varies them; of RULES and EXITS too. "log": by factors instead of steps.
RANGES = {"hours": (24, 240, "log"), "top": (1, 6)}
# Features that `panel.columns` shall hold: see `okxsignal features`. "predicted_excess_pct" is the signal model's.
COLUMNS = ("z_score_48",)
# Fields of DecisionRules and ExitRules. fee_margin 0: the score below ranks pairs and is no expected return.
RULES = {"fee_margin": 0.0, "horizon_hours": 168, "max_positions": 3}
EXITS = {"stop_atr": 3.0}
# Fields of Protections, which refuse entries for a while; those not named are as `okxsignal strategy show` says.
PROTECTIONS = {"cooldown_hours": 12, "daily_trades": None}


def decide(panel, given):
    """Score and exits [hours, pairs] from closed bars; a row may depend on itself and on rows before it.

    `panel` has pairs, hours, open, high, low, close, quote_volume and columns. The highest scores are bought first, NaN
    is not bought.
    """
    fell = -panel.past_return_pct(int(given["hours"]))
    place = np.argsort(np.argsort(-np.nan_to_num(fell, nan=-np.inf), axis=1), axis=1)
    score = np.where((place < given["top"]) & (fell > 0), fell, np.nan)
    leaves = panel.columns["z_score_48"] > 0
    return score, leaves
'''


def strategy_files(home: Path) -> dict[str, Path]:
    """The user's strategies by name."""
    return {path.stem: path for path in sorted((home / FOLDER).glob("*.py"))}


def new_strategy(home: Path, name: str) -> Path:
    """Write the template as strategy `name`. Raises StrategyError for a name that is taken or cannot be one."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise StrategyError(
            f"{name!r} is no name for a strategy: use letters, digits and _, such as my_strategy"
        )
    path = home / FOLDER / f"{name}.py"
    if name in BUILT_IN or path.exists():
        taken = "comes with the product" if name in BUILT_IN else f"is there already: {path}"
        raise StrategyError(f"strategy {name} {taken}; choose another name")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEMPLATE)
    return path


def find_strategy(home: Path, name: str) -> Strategy:
    """The strategy of this name, built in or the user's. Raises StrategyError."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    files = strategy_files(home)
    if name not in files:
        raise StrategyError(
            f"no strategy {name}; there are {', '.join([*BUILT_IN, *files])}. `okxsignal strategy new {name}` writes a "
            f"template into {home / FOLDER}"
        )
    return load_strategy(files[name])


def load_strategy(path: Path) -> Strategy:
    """The strategy in a file. Its code is the hash of the file. Raises StrategyError that names file and line."""
    source = path.read_bytes()
    module = ModuleType(f"strategy_{path.stem}")
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)
    except SyntaxError as error:
        raise StrategyError(f"{path}, line {error.lineno}: {error.msg}") from None
    except Exception as error:
        raise StrategyError(f"{path} cannot be loaded: {_where(path, error)}") from error
    if not callable(getattr(module, "decide", None)):
        raise StrategyError(f"{path} has no function decide(panel, given)")
    parameters = _known(path, module, "PARAMETERS", None)
    rules = _known(path, module, "RULES", DecisionRules)
    exits = _known(path, module, "EXITS", ExitRules)
    columns = getattr(module, "COLUMNS", ())
    if isinstance(columns, str) or not all(isinstance(name, str) for name in columns):
        raise StrategyError(f'{path}: COLUMNS is {columns!r}, give names in brackets, such as ("adx",)')
    protections = _known(path, module, "PROTECTIONS", Protections)
    try:
        known, held = DecisionRules(**rules), ExitRules(**exits)
        protected = replace(DEFAULT_PROTECTIONS, **protections)
    except (DecisionRulesError, ExitRulesError, ProtectionsError) as error:
        raise StrategyError(f"{path}: {error}") from None
    return Strategy(
        path.stem, (module.__doc__ or "no description").strip().splitlines()[0], _decide_of(path, module),
        parameters, tuple(columns), known, held, hashlib.sha256(source).hexdigest()[:12], protected,
        _ranges(path, module, {*parameters, *_names(DecisionRules), *_names(ExitRules)}),
    )  # fmt: skip


def _decide_of(path: Path, module: ModuleType) -> Any:
    """The file's `decide`, whose errors name file and line; a pair of arrays becomes Wants."""

    def decide(panel: Panel, given: Mapping[str, Number]) -> Wants:
        try:
            found = module.decide(panel, given)
        except Exception as error:
            raise StrategyError(f"{path}: decide failed: {_where(path, error)}") from error
        if not isinstance(found, tuple) or len(found) != 2:
            raise StrategyError(f"{path}: decide must return score and leaves, two arrays [hours, pairs]")
        return Wants(np.asarray(found[0], np.float64), np.asarray(found[1], bool))

    return decide


def _known(path: Path, module: ModuleType, name: str, kind: type | None) -> dict[str, Any]:
    """A table of numbers of the file, and of WORDS; with `kind` only its fields may be named."""
    found = getattr(module, name, {})
    if not isinstance(found, Mapping):
        raise StrategyError(f"{path}: {name} is {type(found).__name__}, give names with numbers in braces")
    names = None if kind is None else _names(kind)
    for key, value in found.items():
        if names is not None and key not in names:
            raise StrategyError(f"{path}: {name} has no {key}; it has {', '.join(sorted(names))}")
        if (value is None and kind in (ExitRules, Protections)) or (key in WORDS and isinstance(value, str)):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise StrategyError(f"{path}: {name}[{key!r}] is {value!r}, give a number")
    return dict(found)


def _names(kind: type) -> set[str]:
    return {field.name for field in fields(kind)}


def _ranges(path: Path, module: ModuleType, known: set[str]) -> dict[str, Range]:
    """The table RANGES of the file: (low, high) or (low, high, "log") of a parameter, rule or exit."""
    found = getattr(module, "RANGES", {})
    if not isinstance(found, Mapping):
        raise StrategyError(
            f"{path}: RANGES is {type(found).__name__}, give names with (low, high) in braces"
        )
    ranges = {}
    for name, bounds in found.items():
        if name not in known:
            raise StrategyError(
                f"{path}: RANGES has {name}, which is no parameter, rule or exit of the strategy"
            )
        match bounds:
            case (int() | float() as low, int() | float() as high, *scale) if scale in ([], ["log"]):
                pass
            case _:
                raise StrategyError(
                    f'{path}: RANGES[{name!r}] is {bounds!r}, give (low, high) or (low, high, "log")'
                )
        try:
            ranges[name] = Range(low, high, log=bool(scale))
        except RangeError as error:
            raise StrategyError(f"{path}: RANGES[{name!r}]: {error}") from None
    return ranges


def _where(path: Path, error: Exception) -> str:
    """Type, words and the line of the file that an error comes from."""
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    place = "" if line is None else f", line {line}"
    return f"{type(error).__name__}: {error}{place}"
