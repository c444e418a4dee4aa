"""The space of member specifications that a search may propose."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from okx_core.features.registry import FEATURES
from okx_core.models.algorithms.estimator import Budget
from okx_core.models.members import ALGORITHMS, MemberError, MemberSpec
from okx_core.models.targets import OF_CLASSES, TARGETS

Value = str | float | int
ALL_HISTORY = 0
HORIZONS = (4, 12, 24, 72, 168)
TREES = tuple(name for name, algorithm in ALGORITHMS.items() if not algorithm.ranked)
STAGED = tuple(name for name, algorithm in ALGORITHMS.items() if algorithm.is_staged)
NOT_STOPPED = 0


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    options: tuple[Value, ...]


@dataclass(frozen=True)
class Interval:
    """A number from `low` to `high`; `log`: evenly spread in its logarithm; `whole`: an integer."""

    low: float
    high: float
    log: bool = False
    whole: bool = False


# The calendar changes sign from year to year, and features of larger bars say what hourly ones say more slowly.
FEATURE_SETS: Mapping[str, Callable[[str, str], bool]] = {
    "all": lambda _name, _timeframe: True,
    "without_calendar": lambda name, _: not name.startswith(("month_", "day_", "weekday_", "hour_")),
    "hourly": lambda _name, timeframe: timeframe in ("1h", "cross"),
}

COMMON: Mapping[str, Choice | Interval] = {
    "target": Choice(tuple(TARGETS)),
    "horizon_hours": Choice(HORIZONS),
    "history_weeks": Choice((ALL_HISTORY, 52, 104)),
    "features": Choice(tuple(FEATURE_SETS)),
}
OF_TREES: Mapping[str, Choice | Interval] = {
    "trees": Interval(40, 300, log=True, whole=True),
    "learning_rate": Interval(0.01, 0.15, log=True),
    "depth": Interval(2, 7, whole=True),
    "min_rows_per_leaf": Interval(50, 2_000, log=True, whole=True),
    "feature_fraction": Interval(0.2, 1.0),
    "row_fraction": Interval(0.4, 1.0),
    "l2": Interval(0.1, 100.0, log=True),
}
CLASS_BALANCE = {"class_balance": Choice((0, 1))}  # of targets that are classes
EARLY_STOPPING = {
    "early_stopping_weeks": Choice((NOT_STOPPED, 8, 26))
}  # of trees that are added one to another


def space(algorithms: tuple[str, ...]) -> dict[str, Choice | Interval]:
    """Every parameter by name. Raises MemberError for an algorithm that there is not."""
    unknown = [name for name in algorithms if name not in ALGORITHMS]
    if unknown or not algorithms:
        raise MemberError(
            f"no algorithm {', '.join(unknown) or '(none named)'}; known: {', '.join(ALGORITHMS)}"
        )
    return {"algorithm": Choice(algorithms), **COMMON, **OF_TREES, **CLASS_BALANCE, **EARLY_STOPPING}


def suggested(suggest: Callable[[str], Value]) -> dict[str, Value]:
    """One point of the space; `suggest` gives the value of a parameter, of those that the algorithm and target have."""
    chosen = {"algorithm": suggest("algorithm"), **{name: suggest(name) for name in COMMON}}
    if chosen["algorithm"] in TREES:
        chosen |= {name: suggest(name) for name in OF_TREES}
    if chosen["target"] in OF_CLASSES:
        chosen |= {name: suggest(name) for name in CLASS_BALANCE}
    if chosen["algorithm"] in STAGED:
        chosen |= {name: suggest(name) for name in EARLY_STOPPING}
    return chosen


def specification_of(parameters: Mapping[str, Value], names: tuple[str, ...], search: str) -> MemberSpec:
    """The member of a point of the space, fitted on a set of the features `names`.

    Its name ends with a digest of the search and the point: the same point of another search, chosen by other data, is
    another member.
    """
    given = dict(parameters)
    text = json.dumps([search, sorted(given.items())])
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    algorithm, target = str(given["algorithm"]), str(given["target"])
    horizon, history = int(given["horizon_hours"]), int(given["history_weeks"])
    sizes: dict[str, Any] = {
        name: int(given[name]) if _is_whole(name) else float(given[name])
        for name in OF_TREES
        if name in given
    }
    return MemberSpec(
        f"{algorithm}_{target}_{horizon}h_{digest}", algorithm, target, horizon,
        None if history == ALL_HISTORY else history,
        features=None if given["features"] == "all" else features_of(str(given["features"]), names),
        budget=Budget(**sizes), class_balance=given.get("class_balance") == 1,
        early_stopping_weeks=int(given.get("early_stopping_weeks", NOT_STOPPED)) or None,
    )  # fmt: skip


def _is_whole(name: str) -> bool:
    part = OF_TREES[name]
    return isinstance(part, Interval) and part.whole


def features_of(name: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The features of a set, of those in `names` and in their order; all of them where it has none of these."""
    timeframes = {feature.name: feature.timeframe for feature in FEATURES}
    held = tuple(one for one in names if FEATURE_SETS[name](one, timeframes.get(one, "1h")))
    return held or names
