"""A challenger that is better is found to be, and chance seldom looks like it."""

import numpy as np
import pytest

from okx_core.models.champions.comparison import compare

HOURS = 26 * 336


def series(edge: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two-week blocks that are as noisy as real ones: a challenger that earns `edge` percent a day more."""
    rng = np.random.default_rng(seed)
    champion = 0.05 + 0.3 * rng.normal(size=HOURS)
    difference = np.repeat(edge + 0.05 * rng.normal(size=HOURS // 336), 336)
    return champion, champion + difference


def test_the_figures_are_those_of_the_shared_hours() -> None:
    champion, challenger = series(0.04, 1)
    champion[:400], challenger[-300:] = np.nan, np.nan
    found = compare(champion, challenger, 1)
    both = slice(400, HOURS - 300)
    assert found.hours == HOURS - 700
    assert found.champion_bp == pytest.approx(100 * champion[both].mean())
    assert found.difference_bp == pytest.approx(100 * (challenger - champion)[both].mean())
    assert found.low_bp < found.difference_bp < found.high_bp


def test_a_better_challenger_warrants_a_switch_and_equal_ones_seldom_do() -> None:
    better = [compare(*series(0.05, seed), compared=3).is_warranted for seed in range(60)]
    equal = [compare(*series(0.0, seed), compared=3).is_warranted for seed in range(150)]
    assert np.mean(better) > 0.9
    assert np.mean(equal) < 0.05


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    inside = [
        (found := compare(*series(0.02, seed), compared=1)).low_bp < 2.0 < found.high_bp
        for seed in range(200)
    ]
    assert 0.82 < np.mean(inside) < 0.95


def test_the_sentence_says_whether_a_switch_is_warranted_and_how_sure_that_is() -> None:
    words = compare(*series(0.05, 1), compared=2).words("x")
    assert words.startswith("x: +")
    assert "P(better) 100 %, of 2 compared). A switch is warranted." in words
    assert "A switch is not warranted." in compare(*series(-0.05, 1), compared=1).words("x")
    assert "too few two-week blocks" in compare(*(part[:500] for part in series(0.05, 1)), compared=1).words(
        "x"
    )
    nothing = np.full(10, np.nan)
    assert compare(nothing, nothing, 1).words("x") == "x: no hour is known of both yet."
    assert not compare(nothing, nothing, 1).is_warranted
