"""The portfolio of the best scores is that of a slow walk through the days, one hour of the day after the other."""

import numpy as np
import pytest

from okx_core.models.evaluation.top_k import top_k

K, COST = 2, 0.2


def slow(score: np.ndarray, closes: np.ndarray, phase: int) -> list[tuple[float, float]]:
    """Excess and share bought of each day of one phase, in plain Python."""
    held: set[int] = set()
    found = []
    for hour in range(phase, len(score) - 24, 24):
        ranked = sorted(range(score.shape[1]), key=lambda pair: -score[hour, pair])
        upper = ranked[: (len(ranked) + 1) // 2]
        kept = [pair for pair in upper if pair in held][:K]
        chosen = set(kept) | set([pair for pair in ranked if pair not in kept][: K - len(kept)])
        future = 100.0 * (closes[hour + 24] / closes[hour] - 1.0)
        sold = len(held - chosen) / max(1, len(held))
        bought = len(chosen - held) / K
        excess = np.mean([future[pair] for pair in chosen]) - future.mean() - COST * (sold + bought)
        found.append((excess, bought))
        held = chosen
    return found


@pytest.fixture
def market():
    rng = np.random.default_rng(6)
    closes = 100.0 * np.exp(np.cumsum(0.01 * rng.normal(size=(24 * 40, 7)), axis=0))
    return rng.normal(size=closes.shape), closes


def test_each_phase_is_the_slow_walk(market) -> None:
    score, closes = market
    found = top_k(score, closes, K, COST)
    for phase in range(24):
        expected = [excess for excess, _ in slow(score, closes, phase)]
        np.testing.assert_allclose(found.daily_excess_pct[phase::24][: len(expected)], expected, atol=1e-9)
    bought = [share for phase in range(24) for _, share in slow(score, closes, phase)]
    assert found.turnover == pytest.approx(np.mean(bought))


def test_knowing_the_next_day_earns_and_its_opposite_loses(market) -> None:
    _, closes = market
    ahead = np.full(closes.shape, np.nan)
    ahead[:-24] = closes[24:] / closes[:-24]
    assert top_k(ahead, closes, K, COST).excess_t > 5
    assert top_k(-ahead, closes, K, COST).excess_bp < -100


def test_a_score_that_never_changes_trades_once(market) -> None:
    _, closes = market
    score = np.broadcast_to(np.arange(7.0), closes.shape).copy()
    free = top_k(score, closes, K, 0.0)
    assert free.turnover == pytest.approx(1.0 / 39.0)
    paid = top_k(score, closes, K, COST)
    assert free.excess_bp - paid.excess_bp == pytest.approx(100.0 * COST / 39.0)


def test_a_pair_whose_bars_end_is_sold_at_its_last_close(market) -> None:
    score, closes = market
    closes, score = closes.copy(), score.copy()
    closes[300:, 0] = np.nan
    score[300:, 0] = np.nan
    found = top_k(score, closes, K, COST)
    assert not np.isnan(found.daily_excess_pct[:-24]).any()


def test_without_scores_there_is_nothing_to_say(market) -> None:
    _, closes = market
    found = top_k(np.full(closes.shape, np.nan), closes)
    assert np.isnan([found.excess_bp, found.excess_t, found.turnover]).all()
