"""Does a strategy know the future? It decides again without it: what it wants of an hour may not change."""

from itertools import pairwise

import numpy as np

from okx_core.strategies.panel import Panel
from okx_core.strategies.strategy import Strategy, StrategyError, StrategySpec, Wants

MOMENTS, SEED = 24, 7


def decided(strategy: Strategy, spec: StrategySpec, panel: Panel) -> Wants:
    """What the strategy wants. Raises StrategyError when its answer has not the shape of the panel."""
    wants = strategy.decide(panel, spec.parameters)
    if not isinstance(wants, Wants):
        raise StrategyError(
            f"strategy {spec.name}: decide gave {type(wants).__name__}, not Wants(score, leaves)"
        )
    for name in ("score", "leaves"):
        grid = np.asarray(getattr(wants, name))
        if grid.shape != panel.close.shape:
            raise StrategyError(
                f"strategy {spec.name}: {name} has the shape {grid.shape}, the panel {panel.close.shape} (hours, pairs)"
            )
    if np.isinf(wants.score).any():
        hour, pair = (int(place[0]) for place in np.nonzero(np.isinf(wants.score)))
        raise StrategyError(
            f"strategy {spec.name}: the score of {panel.pairs[pair]} at {panel.moment(hour):%Y-%m-%d %H:%M} is "
            "infinite; give NaN where nothing is known"
        )
    return Wants(np.asarray(wants.score, np.float64), np.asarray(wants.leaves, bool))


def require_no_lookahead(
    strategy: Strategy, spec: StrategySpec, panel: Panel, moments: int = MOMENTS
) -> Wants:
    """What the strategy wants of the panel, when it wants the same of each hour without those after it.

    Tried at `moments` hours, spread over the panel and over the hours of the day. Raises StrategyError that names pair
    and hour of the first difference.
    """
    whole = decided(strategy, spec, panel)
    hours = len(panel.close)
    dice = np.random.default_rng(SEED)
    edges = np.linspace(0, hours - 1, moments + 1).astype(int)
    chosen = {int(dice.integers(low, high + 1)) for low, high in pairwise(edges)}
    # An hour in which something is wanted shows more than one in which nothing is.
    busy = np.flatnonzero((~np.isnan(whole.score) | whole.leaves).any(axis=1))
    chosen |= set(dice.choice(busy, min(moments, len(busy)), replace=False).tolist())
    for row in sorted(chosen):
        alone = decided(strategy, spec, panel.until(row + 1))
        _require_equal(spec, panel, row, whole, alone)
    return whole


def _require_equal(spec: StrategySpec, panel: Panel, row: int, whole: Wants, alone: Wants) -> None:
    differs = ~np.isclose(whole.score[row], alone.score[row], rtol=1e-9, atol=1e-12, equal_nan=True)
    differs |= whole.leaves[row] != alone.leaves[row]
    if differs.any():
        pair = int(np.flatnonzero(differs)[0])
        raise StrategyError(
            f"strategy {spec.name} looks ahead: of {panel.pairs[pair]} at {panel.moment(row):%Y-%m-%d %H:%M} it wants "
            f"{_words(whole, row, pair)} when it is shown later hours, and {_words(alone, row, pair)} without them"
        )


def _words(wants: Wants, row: int, pair: int) -> str:
    return f"score {wants.score[row, pair]:.6g}{' and to leave' if wants.leaves[row, pair] else ''}"
