"""Training all default members of one date from the feature store, against the bare library fits it cannot do without.

The product's own path, `Training.run`, with its database, store and MLflow, in a process of its own, so that the
peak memory is that of this work. Features are those of random walks, computed by our kernels for one month that every
month repeats; outcomes are walks of their own, so there is nothing to learn, which costs as much time as something.

*Bare fits*: from the finished matrix, LightGBM's Dataset and train for each of its members, scikit-learn's Ridge for
the linear one. *Rebuilt per fold*: for each member and date the history is read, thinned, binned and fitted anew, as a
loop over folds does that keeps nothing. `python -m benchmarks.training PAIRS MONTHS` runs one size.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any
from unittest.mock import patch

import lightgbm as lgb
from sklearn.linear_model import Ridge

from benchmarks.rounds import peak_gib, seconds
from benchmarks.training.home import END, a_home, fill
from okx_core.hours import HOUR, WEEK
from okx_core.models.algorithms import boosters
from okx_core.models.algorithms.estimator import Budget
from okx_core.models.members import DEFAULTS, MEMBERS, MemberSpec
from okx_core.models.ranks import Floats, Matrix, Whole
from okx_core.models.training import rows as training_rows
from okx_services.research import members
from okx_services.research.member_training import SCHEDULE, History, fit_for, load_history
from resources.config.settings import Settings, load_settings
from resources.feature_store.store import FeatureStore
from resources.registry.tracking import Tracking
from resources.stores import open_feature_store

PAIRS, MONTHS = 100, 48
NEWEST = END.date()
ROUNDS = 3
FOLDS = 2
MAX_MEMORY_GIB, MAX_OVERHEAD_PCT = 2.0, 30.0
MIDNIGHT = time_of_day()
HORIZONS = (4, 12, 24, 72, 168)
RIDGE = MEMBERS["ridge_rank_24h"]
NAMES = tuple(spec.name for spec in DEFAULTS)
STEPS = ("load", "bin", "fit", "score", "log", "the rest")
CHILD = (sys.executable, "-W", "ignore", "-m", "benchmarks.training", "--child")


@dataclass
class Stopwatch:
    """Seconds by step; a step that calls another is charged its own time alone."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _inside: list[float] = field(default_factory=list)

    def timed(self, step: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            self._inside.append(0.0)
            begin = time.perf_counter()
            try:
                return work(*given, **named)
            finally:
                spent = time.perf_counter() - begin
                self.seconds[step] += spent - self._inside.pop()
                if self._inside:
                    self._inside[-1] += spent

        return run

    @contextmanager
    def on_the_product(self) -> Iterator[None]:
        """While the block runs, the steps of training are timed."""
        steps = {
            "load": [(members, "load_history")],
            "bin": [(training_rows, "binned")],
            "fit": [(training_rows, "fit_binned"), (training_rows, "fit_member")],
            "score": [(members, "predict_window")],
            "log": [(Tracking, "register")],
        }
        with ExitStack() as stack:
            for step, places in steps.items():
                for owner, name in places:
                    stack.enter_context(patch.object(owner, name, self.timed(step, getattr(owner, name))))
            yield


def trained(settings: Settings, weeks: Sequence[date]) -> dict[str, float]:
    """Seconds of each step of `Training.run`, and of the whole."""
    store = open_feature_store(settings.database, settings.feature_store)
    run = members.Training(
        store, Tracking(settings.tracking_url), END + HOUR, 4, "benchmark", END - timedelta(days=90)
    )
    watch = Stopwatch()
    with watch.on_the_product():
        done = watch.timed("the rest", run.run)(weeks, NAMES)
    if len(done.versions) != len(weeks) * len(NAMES):
        raise RuntimeError(f"not every version was trained: {done}")
    return {**watch.seconds, "whole": sum(watch.seconds.values())}


def bare_fits(history: History, week: date) -> float:
    """Seconds of the libraries' own fits on the rows that the product fits, the matrices given."""
    given: list[tuple[Budget, Matrix, Floats, Floats]] = []

    def keep(matrix: Matrix, budget: Budget) -> Matrix:
        del budget
        return matrix

    def note_binned(matrix: Matrix, rows: Whole, target: Floats, weight: Floats, budget: Budget) -> None:
        given.append((budget, matrix[rows], target, weight))

    def note(spec: MemberSpec, matrix: Matrix, _names: object, target: Floats, weight: Floats) -> None:
        given.append((spec.budget, matrix, target, weight))

    spent = 0.0
    for spec in DEFAULTS:
        with (
            patch.object(training_rows, "binned", keep),
            patch.object(training_rows, "fit_binned", note_binned),
            patch.object(training_rows, "fit_member", note),
        ):
            rows, place = history.thinned[spec.grid_hours], place_of(history, week)
            rows.fit(spec, history.target(spec), SCHEDULE, place)
        spent += seconds(lambda linear=spec.ranked: library_fit(*given.pop(), linear=linear))
    return spent


def library_fit(budget: Budget, matrix: Matrix, target: Floats, weight: Floats, *, linear: bool) -> None:
    if linear:
        Ridge(solver="cholesky").fit(matrix, target, sample_weight=weight)
    else:
        options = boosters.options_of(budget)
        lgb.train(options, lgb.Dataset(matrix, target, weight=weight, params=options), budget.trees)


def place_of(history: History, week: date) -> int:
    """The week's first hour as a place in the history's grid."""
    return round(datetime.combine(week, MIDNIGHT, UTC).timestamp()) // 3600 - history.first_hour


def rebuilt_per_fold(store: FeatureStore, weeks: Sequence[date], specs: Sequence[MemberSpec]) -> float:
    """Seconds of reading, thinning, binning and fitting anew for each member and date."""

    def work() -> None:
        for week in weeks:
            for spec in specs:
                fit_for(load_history(store, [spec], datetime.combine(week, MIDNIGHT, UTC)), spec, week)

    return seconds(work)


def once_per_run(store: FeatureStore, weeks: Sequence[date], specs: Sequence[MemberSpec]) -> float:
    """Seconds of the same fits as the product does them: one load for all."""

    def work() -> None:
        history = load_history(store, specs, datetime.combine(weeks[-1], MIDNIGHT, UTC))
        for week in weeks:
            for spec in specs:
                fit_for(history, spec, week)

    return seconds(work)


def child(kind: str) -> dict[str, float]:
    """One measurement, in this process; the home is that of the environment."""
    settings = load_settings()
    weeks = [NEWEST - (FOLDS - 1 - n) * 4 * WEEK for n in range(FOLDS)]
    if kind == "product":
        return {**trained(settings, [NEWEST]), "gib": peak_gib()}
    store = open_feature_store(settings.database, settings.feature_store)
    if kind == "bare":
        return {"bare": bare_fits(load_history(store, DEFAULTS, END), NEWEST)}
    found = {
        "once": once_per_run(store, weeks, DEFAULTS),
        "rebuilt": rebuilt_per_fold(store, weeks, DEFAULTS),
    }
    horizons = [replace(RIDGE, name=f"ridge_rank_{hours}h", horizon_hours=hours) for hours in HORIZONS]
    linear = {
        "once": once_per_run(store, weeks, horizons),
        "rebuilt": rebuilt_per_fold(store, weeks, horizons),
    }
    return {**found, **{f"ridge {name}": spent for name, spent in linear.items()}}


def in_a_process(kind: str) -> dict[str, float]:
    done = subprocess.run([*CHILD, kind], check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def run(pairs: int = PAIRS, months: int = MONTHS) -> list[dict[str, Any]]:
    """A row per step and comparison: name, peer, ours_ms, peer_ms, ratio; memory and size below."""
    with a_home() as settings:
        store = open_feature_store(settings.database, settings.feature_store)
        fill(store, pairs, months)
        rounds = []
        for _ in range(ROUNDS):
            store.database.execute("truncate ml.model_versions cascade")
            rounds.append({**in_a_process("product"), **in_a_process("bare")})
        folds = in_a_process("folds")
    middle = {name: statistics.median(lap[name] for lap in rounds) for name in rounds[0]}
    return list(_rows(middle, folds, f"{pairs} pairs x {months} months"))


def _rows(found: dict[str, float], folds: dict[str, float], size: str) -> Iterator[dict[str, Any]]:
    whole, bare = found["whole"], found["bare"]
    yield _row(
        f"all default members of a date, {size}", "bare fits of the libraries", whole, bare, bare / whole
    )
    for step in STEPS:
        yield _row(f"of this: {step}", "the whole", found[step], whole, found[step] / whole)
    yield _row(
        f"{FOLDS} dates x {len(NAMES)} members, one load", "rebuilt per fold", folds["once"], folds["rebuilt"],
        folds["rebuilt"] / folds["once"],
    )  # fmt: skip
    yield _row(
        f"{FOLDS} dates x {len(HORIZONS)} horizons of ridge, one load", "rebuilt per fold", folds["ridge once"],
        folds["ridge rebuilt"], folds["ridge rebuilt"] / folds["ridge once"],
    )  # fmt: skip
    overhead = 100.0 * (whole / bare - 1.0)
    yield {
        "name": f"overhead beside bare fits (budget {MAX_OVERHEAD_PCT:.0f} %)",
        "peer": f"{overhead:.0f} %",
    }
    yield {"name": f"peak memory in GiB (budget {MAX_MEMORY_GIB:.0f})", "peer": f"{found['gib']:.2f}"}


def _row(name: str, peer: str, ours: float, theirs: float, ratio: float) -> dict[str, Any]:
    return {"name": name, "peer": peer, "ours_ms": 1e3 * ours, "peer_ms": 1e3 * theirs, "ratio": ratio}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", nargs="?", type=int, default=PAIRS)
    parser.add_argument("months", nargs="?", type=int, default=MONTHS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(child(given.child)))
        return
    for line in run(given.pairs, given.months):
        print(line)
