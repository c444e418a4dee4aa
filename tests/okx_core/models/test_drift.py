"""A fall of the rank IC is seen, noise seldom looks like one."""

import numpy as np

from okx_core.models.drift import fall_of_ic
from okx_core.models.evaluation.scores import BLOCK_HOURS


def hourly(blocks: int, seed: int, recent: float = 0.05) -> np.ndarray:
    rng = np.random.default_rng(seed)
    means = np.full(blocks, 0.05)
    means[-4:] = recent
    return np.repeat(means + 0.03 * rng.normal(size=blocks), BLOCK_HOURS)


def test_an_ic_that_has_gone_is_below_its_band_and_one_that_holds_seldom_is() -> None:
    gone = [fall_of_ic(hourly(30, seed, recent=-0.02)).is_below for seed in range(200)]
    holds = [fall_of_ic(hourly(30, seed)).is_below for seed in range(200)]
    assert np.mean(gone) > 0.9
    assert np.mean(holds) < 0.06


def test_a_short_record_has_no_band() -> None:
    short = fall_of_ic(hourly(9, 1, recent=-0.5))
    assert np.isnan([short.recent, short.earlier, short.low]).all()
    assert not short.is_below
    assert not fall_of_ic(np.full(5_000, np.nan)).is_below
