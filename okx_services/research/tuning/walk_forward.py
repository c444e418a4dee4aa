"""The search: for each fold variants are tried on its past, the best is tested on the hours after it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from okx_core.backtest.engine import Portfolio
from okx_core.backtest.folds import Fold, walk_forward_folds
from okx_core.strategies.strategy import StrategySpec
from okx_services.research.tuning.scoring import Scores, Trader
from okx_services.research.tuning.variants import Scored, TuningError, best_of, neighbours_of, propose

Report = Callable[[str, int, int], None]  # what was found, scores so far, of so many


@dataclass(frozen=True)
class Choice:
    """What was chosen for a fold, and its score on the past that it was chosen by."""

    fold: Fold
    chosen: Scored
    tried: int


@dataclass(frozen=True)
class Traded:
    """Hours that were traded: equity and trades as in `FoldResult`, from `opening_equity_quote` on."""

    equity: pd.DataFrame
    trades: pd.DataFrame
    opening_equity_quote: float


@dataclass(frozen=True)
class Search:
    """Choices of the folds, all variants with their score on the whole window, the best of them and its neighbours."""

    choices: list[Choice]
    scored: list[Scored]
    best: Scored
    neighbours: list[tuple[str, Scored]]


def run_search(
    trader: Trader, scores: Scores, budget: int, folds: int, report: Report = lambda *_: None
) -> Search:
    """Try `budget` variants, the default among them.

    The budget is spread evenly over the folds and the whole window. A variant that was proposed on the past of a fold
    is scored on the past of each later one too; a proposal rests on scores of the same past alone, so that nothing that
    comes after it changes a choice. Raises TuningError and FoldsError.
    """
    cut = walk_forward_folds(len(trader.market.panel.close), folds)
    whole = len(trader.market.panel.close)
    pasts = [*(fold.test_start for fold in cut), whole]
    if budget < len(pasts) + 1:
        raise TuningError(
            f"--budget is {budget}: give at least {len(pasts) + 1}, one for each of the {folds} folds, one for the "
            "whole window and one for the defaults"
        )
    shares = shares_of(budget - 1, len(pasts))
    total = sum(1 + sum(shares[: place + 1]) for place in range(len(pasts)))
    pool, found, done = [trader.variation.default], [], 0
    for place, (stop, share) in enumerate(zip(pasts, shares, strict=True)):

        def score(spec: StrategySpec, stop: int = stop, place: int = place) -> Scored:
            nonlocal done
            one = scores.of(spec, stop)
            done += 1
            report(f"{_past(place, folds)}: {words_of(trader, one)}", done, total)
            return one

        scored = [score(spec) for spec in pool]
        while len(scored) < len(pool) + share:
            spec = propose(trader.variation, scored, place * budget + len(scored))
            if spec is None:
                break
            scored.append(score(spec))
        pool = [one.spec for one in scored]
        found.append(scored)
    choices = [
        Choice(fold, best_of(scored), len(scored)) for fold, scored in zip(cut, found[:-1], strict=True)
    ]
    best = best_of(found[-1])
    beside = [(name, scores.of(spec, whole)) for name, spec in neighbours_of(trader.variation, best.spec)]
    return Search(choices, found[-1], best, beside)


def shares_of(budget: int, parts: int) -> list[int]:
    """The budget in `parts` shares that differ by at most one, the first the largest."""
    return [budget // parts + (place < budget % parts) for place in range(parts)]


def words_of(trader: Trader, one: Scored) -> str:
    """Values and score of a variant."""
    values = ", ".join(f"{name}={value}" for name, value in trader.variation.values_of(one.spec).items())
    return f"{values}: " + ("never traded" if one.score is None else f"Sharpe {one.score:+.2f}")


def _past(place: int, folds: int) -> str:
    return f"fold {place + 1} of {folds}" if place < folds else "whole window"


def trade_folds(trader: Trader, choices: Sequence[Choice]) -> Traded:
    """What was chosen, traded on the hours of its fold; each fold opens with what the one before has left."""
    portfolio = Portfolio(trader.capital_quote, {})
    parts = []
    for choice in choices:
        part = trader.out_of_sample(choice.chosen.spec, *choice.fold, portfolio)
        portfolio = part.closing
        parts.append(part)
    return Traded(
        pd.concat([part.equity for part in parts], ignore_index=True),
        pd.concat([part.trades for part in parts], ignore_index=True),
        trader.capital_quote,
    )


def trade_default(trader: Trader, choices: Sequence[Choice]) -> Traded:
    """The default on the same hours."""
    start, stop = choices[0].fold.test_start, choices[-1].fold.test_stop
    part = trader.out_of_sample(trader.variation.default, start, stop, Portfolio(trader.capital_quote, {}))
    return Traded(part.equity, part.trades, trader.capital_quote)
