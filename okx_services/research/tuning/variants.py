"""Variants of a strategy: what is varied in which range, and which variant is tried next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from okx_core.errors import OkxSignalError
from okx_core.strategies.ranges import Range, parsed_range
from okx_core.strategies.strategy import Number, Strategy, StrategySpec

if TYPE_CHECKING:
    import optuna

START_UP = 10  # random variants before the sampler learns from them
ATTEMPTS = 50  # to propose what was not tried yet
Values = Mapping[str, Number]


class TuningError(OkxSignalError):
    """A search that was asked for and cannot be made."""


@dataclass(frozen=True)
class Variation:
    """A strategy, the parameters that are fixed (as text) and the ranges of those that are varied."""

    strategy: Strategy
    fixed: Mapping[str, str]
    ranges: Mapping[str, Range]

    @cached_property
    def default(self) -> StrategySpec:
        """The strategy as it is without a search."""
        return self.strategy.spec(self.fixed)

    def spec(self, values: Values) -> StrategySpec:
        """The variant with these values; without any the default."""
        return self.strategy.spec({**self.fixed, **{name: repr(value) for name, value in values.items()}})

    def value_of(self, spec: StrategySpec, name: str) -> Number | None:
        """The value of a parameter, rule or exit; None for an exit that there is not."""
        if name in spec.parameters:
            return spec.parameters[name]
        held = spec.rules if hasattr(spec.rules, name) else spec.exits
        found: Number | None = getattr(held, name)
        return found

    def values_of(self, spec: StrategySpec) -> dict[str, Number | None]:
        """The values of what is varied."""
        return {name: self.value_of(spec, name) for name in self.ranges}

    def is_whole(self, name: str) -> bool:
        """Whether only whole numbers are meant: the default is one."""
        return isinstance(self.value_of(self.default, name), int)


def variation_of(strategy: Strategy, fixed: Mapping[str, str], vary: Mapping[str, str]) -> Variation:
    """What is varied: `vary` (LOW:HIGH by name) where it names any, else what the strategy declares and is not fixed.

    Raises StrategyError for an unknown name, RangeError for no range, TuningError where nothing is left to vary.
    """
    strategy.spec(fixed)
    both = sorted(set(fixed) & set(vary))
    if both:
        raise TuningError(
            f"{', '.join(both)} is fixed by --param and varied by --vary: leave one of them out"
        )
    given = {name: parsed_range(name, text) for name, text in vary.items()}
    ranges = given or {name: one for name, one in strategy.ranges.items() if name not in fixed}
    if not ranges:
        raise TuningError(
            f"nothing to vary of strategy {strategy.name}: name what to vary, such as --vary stop_pct=2:10; a file of "
            "your own may declare RANGES (`okxsignal strategy new` writes an example)"
        )
    found = Variation(strategy, fixed, ranges)
    for name, one in ranges.items():
        for bound in (one.low, one.high):
            found.spec({name: bound})
    return found


@dataclass(frozen=True)
class Scored:
    """A variant with its score on a past; None where it is unknown: it never traded."""

    spec: StrategySpec
    score: float | None


def best_of(scored: Sequence[Scored]) -> Scored:
    """The highest score, the first of equal ones, and so the default where all are unknown."""
    return max(scored, key=lambda one: float("-inf") if one.score is None else one.score)


def propose(variation: Variation, scored: Sequence[Scored], seed: int) -> StrategySpec | None:
    """The next variant, by the tree-structured Parzen estimator (Bergstra et al., 2011) of Optuna.

    It rests on `scored` and `seed` alone: what is proposed on a past knows nothing later, and a search that was stopped
    proposes the same again. None when nothing that was not tried yet is found.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    distributions = {name: _distribution(variation, name) for name in variation.ranges}
    tried = {one.spec.version for one in scored}
    known = [frozen for one in scored if (frozen := _frozen(variation, one, distributions)) is not None]
    for attempt in range(ATTEMPTS):
        sampler = optuna.samplers.TPESampler(n_startup_trials=START_UP, seed=seed * ATTEMPTS + attempt)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials(known)
        asked = study.ask(distributions)
        spec = variation.spec(
            {name: _value(variation, name, asked.params[name]) for name in variation.ranges}
        )
        if spec.version not in tried:
            return spec
    return None


def _value(variation: Variation, name: str, found: Number) -> Number:
    return int(found) if variation.is_whole(name) else variation.ranges[name].rounded(found)


def _frozen(
    variation: Variation, one: Scored, distributions: Mapping[str, Any]
) -> "optuna.trial.FrozenTrial | None":
    """A variant as Optuna knows it; None where a value lies outside of what is varied, as the default's may."""
    import optuna

    values = variation.values_of(one.spec)
    if not all(variation.ranges[name].holds(value) for name, value in values.items()):
        return None
    return optuna.trial.create_trial(
        params=values,
        distributions=dict(distributions),
        value=one.score,
        state=optuna.trial.TrialState.FAIL if one.score is None else optuna.trial.TrialState.COMPLETE,
    )


def _distribution(variation: Variation, name: str) -> Any:
    import optuna

    held = variation.ranges[name]
    if variation.is_whole(name):
        return optuna.distributions.IntDistribution(int(held.low), int(held.high), log=held.log)
    return optuna.distributions.FloatDistribution(held.low, held.high, log=held.log)


def neighbours_of(variation: Variation, best: StrategySpec) -> list[tuple[str, StrategySpec]]:
    """The variants that differ from `best` in one parameter by a tenth of its range, with its name."""
    found = []
    for name, held in variation.ranges.items():
        value = variation.value_of(best, name)
        if value is None:
            continue
        whole = variation.is_whole(name)
        for beside in held.neighbours(value, whole=whole):
            values = {**variation.values_of(best), name: int(beside) if whole else beside}
            spec = variation.spec({key: kept for key, kept in values.items() if kept is not None})
            found.append((name, spec))
    return found
