"""A search over member specifications with a budget; `ml.trials` is its only state, so that it may be stopped anywhere.

The sampler is made anew for each trial from the trials in the ledger and its number alone. A search that was killed and
run again therefore proposes what it would have proposed.
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from okx_core.errors import OkxSignalError
from okx_core.models.members import ALGORITHMS, MemberSpec
from okx_core.models.search.folds import SearchData, fold_scores
from okx_core.models.search.space import Choice, Value, space, specification_of, suggested
from okx_services.research.search.specifications import keep_winner
from resources.postgres.database import Database

if TYPE_CHECKING:
    import optuna

START_UP = 10  # random trials before the sampler learns from them
ATTEMPTS = 50  # to propose what was not tried yet
Report = Callable[[str, int, int], None]  # what was found, trials of the search so far, of so many


class SearchError(OkxSignalError):
    """A search cannot go on."""


@dataclass(frozen=True)
class Budget:
    """Trials of the search in all, those of earlier runs included, and minutes of this run."""

    trials: int
    minutes: float


@dataclass(frozen=True)
class Trial:
    """A trial of the ledger; `score` None where no fold could be fitted."""

    number: int
    name: str
    parameters: dict[str, Value]
    score: float | None
    t: float | None


@dataclass(frozen=True)
class Found:
    """Trials of the search by number, how many are of this run, and the member that won: None without a score > 0."""

    trials: list[Trial]
    added: int
    winner: MemberSpec | None
    best: Trial | None


def run_search(
    database: Database,
    data: SearchData,
    search: date,
    algorithms: tuple[str, ...],
    budget: Budget,
    now: datetime,
    report: Report = lambda *_: None,
) -> Found:
    """Try specifications until the budget is spent, and keep the best as a member that scores in shadow.

    Each trial is in `ml.trials` once it is done. Raises SearchError while another run searches the same date, and
    MemberError when the history is too short.
    """
    data.folds()
    ends = time.monotonic() + 60.0 * budget.minutes
    with _alone(database, search):
        trials = trials_of(database, search)
        before = len(trials)
        while len(trials) < budget.trials and time.monotonic() < ends:
            parameters = propose(trials, algorithms)
            if parameters is None:
                break
            trials.append(_tried(database, data, search, len(trials), parameters, now))
            report(_words(trials[-1]), len(trials), budget.trials)
        winner = best_of(trials)
        found = None
        if winner is not None and winner.score is not None and winner.score > 0:
            found = specification_of(winner.parameters, data.fitted.names, f"{search}")
            keep_winner(database, found, search, winner.score, now)
    return Found(trials, len(trials) - before, found, winner)


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the highest score, the first of equal ones; None where none has a score."""
    scored = [one for one in trials if one.score is not None]
    return max(scored, key=lambda one: one.score or 0.0, default=None)


@contextmanager
def _alone(database: Database, search: date) -> Iterator[None]:
    """One run of a search at a time; a process that is killed gives the lock back with its connection.

    It is given back by name here: the server notices a little later that a connection has gone.
    """
    key = (f"search {search}",)
    with database.connect(autocommit=True) as connection:
        row = connection.execute("select pg_try_advisory_lock(hashtextextended($1, 0))", key).fetchone()
        if row is None or not row[0]:
            raise SearchError(f"another run is searching with the training date {search}: wait until it ends")
        try:
            yield
        finally:
            if not connection.broken:
                connection.execute("select pg_advisory_unlock(hashtextextended($1, 0))", key)


def trials_of(database: Database, search: date) -> list[Trial]:
    """The trials of a search in order."""
    rows = database.rows(
        "select number, name, parameters, score, score_t from ml.trials where search = $1 order by number",
        (search,),
    )
    return [
        Trial(row["number"], row["name"], dict(row["parameters"]), row["score"], row["score_t"])
        for row in rows
    ]


def _tried(
    database: Database,
    data: SearchData,
    search: date,
    number: int,
    parameters: dict[str, Value],
    now: datetime,
) -> Trial:
    """Score a point of the space and count it; its score is NULL where it is unknown."""
    spec = specification_of(parameters, data.fitted.names, f"{search}")
    found = fold_scores(data, spec)
    score = None if math.isnan(found.score) else found.score
    t = None if math.isnan(found.t) else found.t
    database.execute(
        "insert into ml.trials (name, kind, specification, first_tried_at, search, number, parameters, score, score_t) "
        "values ($1, 'member', $2, $3, $4, $5, $6, $7, $8)",
        (spec.name, repr(spec), now, search, number, json.dumps(parameters), score, t),
    )
    return Trial(number, spec.name, parameters, score, t)


def _words(trial: Trial) -> str:
    if trial.score is None:
        return f"{trial.name}: no fold could be fitted"
    return f"{trial.name}: neutral IC {trial.score:+.4f}" + ("" if trial.t is None else f" (t {trial.t:.1f})")


def propose(trials: list[Trial], algorithms: tuple[str, ...]) -> dict[str, Value] | None:
    """The next point of the space, by the tree-structured Parzen estimator (Bergstra et al., 2011) of Optuna.

    None when nothing that was not tried yet is found.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    held = space(algorithms)
    distributions = {name: _distribution(part) for name, part in held.items()}
    tried = [one.parameters for one in trials]
    for attempt in range(ATTEMPTS):
        seed = len(trials) * ATTEMPTS + attempt
        sampler = optuna.samplers.TPESampler(n_startup_trials=START_UP, seed=seed)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.add_trials([_frozen(one, distributions) for one in trials])
        asked = study.ask()
        found = suggested(lambda name, asked=asked: _value(asked, name, held[name]))  # type: ignore[misc]
        if found not in tried:
            return found
    return None


def _frozen(trial: Trial, distributions: dict[str, Any]) -> "optuna.trial.FrozenTrial":
    import optuna

    # A trial of other algorithms than are searched now teaches nothing about these.
    known = {
        name: value
        for name, value in trial.parameters.items()
        if not isinstance(distributions[name], optuna.distributions.CategoricalDistribution)
        or value in distributions[name].choices
    }
    return optuna.trial.create_trial(
        params=known,
        distributions={name: distributions[name] for name in known},
        value=trial.score,
        state=optuna.trial.TrialState.FAIL if trial.score is None else optuna.trial.TrialState.COMPLETE,
    )


def _distribution(part: Any) -> Any:
    import optuna

    if isinstance(part, Choice):
        return optuna.distributions.CategoricalDistribution(part.options)
    if part.whole:
        return optuna.distributions.IntDistribution(int(part.low), int(part.high), log=part.log)
    return optuna.distributions.FloatDistribution(part.low, part.high, log=part.log)


def _value(trial: "optuna.trial.Trial", name: str, part: Any) -> Value:
    if isinstance(part, Choice):
        return trial.suggest_categorical(name, part.options)  # type: ignore[return-value]
    if part.whole:
        return trial.suggest_int(name, int(part.low), int(part.high), log=part.log)
    return trial.suggest_float(name, part.low, part.high, log=part.log)


def needs_ranks(algorithms: tuple[str, ...]) -> bool:
    """Whether one of the algorithms takes ranked features."""
    return any(ALGORITHMS[name].ranked for name in algorithms if name in ALGORITHMS)
