"""Figures of what scores were worth."""

import numpy as np
import pytest

from okx_services.reports.figures import cumulative_figure, reliability_figure


def test_reliability_shows_the_realised_share_of_each_tenth() -> None:
    stated = np.repeat(np.linspace(0.05, 0.95, 10), 100)
    realised = np.tile(np.arange(100), 10) < 100 * stated - 0.5
    found = reliability_figure(stated[::-1], realised[::-1].astype(np.float64)).axes[0].lines[0]
    assert found.get_xdata() == pytest.approx(np.linspace(0.05, 0.95, 10))
    assert found.get_ydata() == pytest.approx(np.linspace(0.05, 0.95, 10), abs=0.011)


def test_a_cumulative_ic_adds_daily_means_and_a_day_without_any_adds_nothing() -> None:
    hourly = np.concatenate([np.full(24, 0.1), np.full(24, np.nan), [0.3] * 12, [np.nan] * 12, [9.0] * 5])
    line = cumulative_figure({"ensemble": (24 * 3, hourly)}, "", "").axes[0].lines[0]
    assert line.get_ydata() == pytest.approx([0.1, 0.1, 0.4])
    assert line.get_xdata()[0] == np.datetime64("1970-01-04")
