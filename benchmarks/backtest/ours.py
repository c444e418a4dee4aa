"""Our loop on the market that the peers trade, with the same signals: cash of its own for each pair, or one for all."""

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from okx_core.backtest.fills import Distances, Holdings, Steps
from okx_core.backtest.loop import most_trades, trade_hours
from okx_core.backtest.terms import Bars, Plan, Terms
from okx_core.decisions.costs import Costs
from okx_core.decisions.exits import ExitRules
from okx_core.decisions.protection_state import new_state
from okx_core.decisions.protections import DEFAULT_PROTECTIONS, Protections
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.decisions.sizing import sizing_terms

PAIRS, HOURS = 50, 35_000  # four years
ROUNDS = 5
GRID, CORES = 1_000, 2
RULES = DecisionRules(max_positions=PAIRS, fee_margin=0.0, horizon_hours=10**6, planned_loss_pct=100.0)
ALL_IN = RiskLimits(100.0, 100.0, 100.0, 1e15)
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def market(hours: int = HOURS, pairs: int = PAIRS, seed: int = 1) -> dict[str, Array]:
    """Random walks [hours + 1, pairs]; entries and exits [hours, pairs], decided once a day, never both."""
    dice = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(dice.normal(0.0, 0.005, (hours + 1, pairs)), axis=0))
    opened = np.vstack((close[:1], close[:-1]))
    daily = (np.arange(hours) % 24 == 0)[:, None]
    score = dice.normal(size=(hours, pairs))
    return {
        "open": opened, "high": np.maximum(opened, close) * 1.002, "low": np.minimum(opened, close) * 0.998,
        "close": close, "entries": daily & (score > 1.5), "exits": daily & (score < -0.5), "score": score,
    }  # fmt: skip


def holdings(pairs: int) -> Holdings:
    """Cash alone."""
    held = Holdings(np.array([1e4]), *(np.zeros(pairs) for _ in Holdings._fields[1:]))
    held.mark_price[:] = np.nan
    return held


class Loop:
    """The compiled loop with its arrays laid; `exits` and a volume cap as in `okxsignal backtest`."""

    def __init__(self, made: dict[str, Array], fee: float, spread_bps: float, depth: float) -> None:
        shape = made["entries"].shape
        self.bars = Bars(
            made["open"],
            made["high"],
            made["low"],
            made["close"],
            np.full(made["close"].shape, 1e9),
            made["close"],
        )
        self.costs = Costs(np.full(shape, fee), np.full(shape, spread_bps), np.full(shape, depth))
        pairs = shape[1]
        self.steps = Steps(*(np.zeros(pairs) for _ in range(3)), np.full(pairs, np.nan))
        self.plan = Plan(
            np.where(made["entries"], 1.0, np.nan), made["entries"], made["exits"], np.ones(shape),
            Distances(np.full(shape, np.nan), np.full(shape, np.nan)),
        )  # fmt: skip

    def run(
        self, plan: Plan | None = None, exits: ExitRules | None = None, share: float = np.inf,
        protections: Protections | None = None,
    ) -> tuple[Array, Array]:  # fmt: skip
        """Records [hours, 4] and trades."""
        terms = Terms(
            sizing_terms(RULES, ALL_IN),
            (exits or ExitRules()).terms(),
            (protections or Protections()).terms(),
            share,
        )
        hours, pairs = self.plan.tradable.shape
        state = new_state(pairs, most_trades(hours, pairs, RULES.max_positions), hours)
        return trade_hours(
            self.bars, plan or self.plan, self.costs, self.steps, holdings(pairs), state, 0.0, terms
        )


def alone(made: dict[str, Array], pair: int) -> dict[str, Array]:
    """The market of one pair."""
    return {name: np.ascontiguousarray(values[:, pair : pair + 1]) for name, values in made.items()}


def own_trades(made: dict[str, Array]) -> list[list[float]]:
    """Closed trades of pairs with cash of their own, free of costs: pair, bars and prices of entry and exit, return."""
    rows = []
    for pair in range(made["close"].shape[1]):
        _, trades = Loop(alone(made, pair), 0.0, 0.0, np.inf).run()
        rows += [[pair, *trade[[1, 2, 4, 5]], trade[7] / trade[6] - 1.0] for trade in trades]
    return rows


def seconds(work: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Median seconds after a first call, which compiles."""
    work()
    spent = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


def of_peers(python: str, made: dict[str, Array]) -> dict[str, Any]:
    """What the peers' Python prints of the market."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "market.npz"
        np.savez(path, **made)  # type: ignore[arg-type]
        script = Path(__file__).with_name("peers.py")
        done = subprocess.run([python, "-W", "ignore", script, path], check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def largest_difference(ours: list[list[float]], theirs: list[list[float]]) -> float:
    """Largest relative difference of prices and returns; raises ValueError where the trades are not the same."""
    a, b = (np.array(sorted(rows)) for rows in (ours, theirs))
    if a.shape != b.shape or not np.array_equal(a[:, :3], b[:, :3]):
        raise ValueError(f"{len(a)} trades against {len(b)}: not the same pairs and bars")
    return float(np.abs(a[:, 3:] / b[:, 3:] - 1.0).max())


def wide_frames(made: dict[str, Array]) -> dict[str, pd.DataFrame]:
    """The market as vectorbt takes it: a frame each, a row an hour, a column a pair."""
    return {name: pd.DataFrame(values) for name, values in made.items()}


def grid_seconds(loop: Loop, score: Array, daily: Array) -> float:
    """Seconds of a grid of thresholds for entry and exit, each traded over the whole market."""
    bounds = [(enter, leave) for enter in np.linspace(0.8, 2.4, 40) for leave in np.linspace(-1.5, 0.5, 25)]

    def trade(pair: tuple[float, float]) -> float:
        entries = daily & (score > pair[0])
        plan = loop.plan._replace(tradable=entries, leaves=daily & (score < pair[1]))
        plan = plan._replace(predicted_excess_pct=score)
        return float(loop.run(plan)[0][-1, 0])

    begin = time.perf_counter()
    with ThreadPoolExecutor(CORES) as pool:
        found = list(pool.map(trade, bounds[:GRID]))
    if len(set(found)) < GRID // 2:
        raise ValueError("the parameters change nothing")
    return time.perf_counter() - begin


def run(python: str) -> Iterator[str]:
    """A line for each comparison."""
    made = market()
    theirs = of_peers(python, made)
    vectorbt, backtesting = (
        statistics.median(theirs[name]["seconds"]) for name in ("vectorbt", "backtesting")
    )
    for name, pairs in (("vectorbt", PAIRS), ("backtesting", 1)):
        trades = theirs[name]["trades"]
        ours = own_trades({one: values[:, :pairs] for one, values in made.items()})
        difference = largest_difference(ours, trades)
        yield f"{len(trades)} trades equal to those of {name}: largest difference {difference:.1e}"
    loop = Loop(made, 0.001, 2.0, 1e5)
    bare = seconds(loop.run)
    yield _line(f"{PAIRS} pairs, costs on", "vectorbt from_signals", bare, vectorbt)
    frames = wide_frames(made)
    whole = seconds(lambda: Loop({n: frame.to_numpy() for n, frame in frames.items()}, 0.001, 2.0, 1e5).run())
    yield _line("the same, arrays laid from wide frames", "vectorbt from_signals", whole, vectorbt)
    one = Loop(alone(made, 0), 0.001, 2.0, 1e5)
    yield _line("one pair", "backtesting.py", seconds(one.run), backtesting)
    yield _line(f"{PAIRS} pairs", f"backtesting.py {PAIRS} times", bare, PAIRS * backtesting)
    shape = made["entries"].shape
    guarded = loop.plan._replace(distances=Distances(np.full(shape, 3.0), np.full(shape, 5.0)))
    stops = ExitRules(stop_pct=3.0, target_ratio=2.0, trail_pct=5.0)
    with_stops = seconds(lambda: loop.run(guarded, stops, 0.05))
    yield _line("with stop, target, trail and volume cap", "without", with_stops, bare)
    protected = seconds(lambda: loop.run(guarded, stops, 0.05, DEFAULT_PROTECTIONS))
    yield _line("with these and protections", "without protections", protected, with_stops)
    twice = seconds(Loop(market(2 * HOURS), 0.001, 2.0, 1e5).run)
    yield _line("all hours", "twice as many", bare, twice)
    daily = (np.arange(HOURS) % 24 == 0)[:, None]
    spent = grid_seconds(loop, made["score"], daily)
    yield f"{GRID} parameter sets x {PAIRS} pairs x 4 years, {CORES} threads: {spent:.1f} s"


def _line(name: str, peer: str, ours: float, theirs: float) -> str:
    return f"{name} {1e3 * ours:.1f} ms, {peer} {1e3 * theirs:.1f} ms: {theirs / ours:.1f} x"
