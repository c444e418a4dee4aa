"""The market of the backtest benchmark, traded by our loop and by a plain one."""

import numpy as np
import pytest

from benchmarks.backtest.ours import Loop, grid_seconds, largest_difference, market, own_trades


def plain_trades(made, pair):
    """All cash in at the open after an entry, out at the open after an exit."""
    rows, held = [], None
    for hour in range(len(made["entries"])):
        price = made["open"][hour + 1, pair]
        if held is None and made["entries"][hour, pair]:
            held = hour + 1, price
        elif held is not None and made["exits"][hour, pair]:
            rows.append([pair, held[0], hour + 1, held[1], price, price / held[1] - 1.0])
            held = None
    return rows


def test_without_costs_every_signal_is_traded_at_the_next_open() -> None:
    made = market(24 * 90, 4)
    expected = [row for pair in range(4) for row in plain_trades(made, pair)]
    assert len(expected) > 20
    assert largest_difference(own_trades(made), expected) < 1e-9
    with pytest.raises(ValueError, match="not the same pairs and bars"):
        largest_difference(own_trades(made)[1:], expected)


def test_the_grid_trades_other_parameters_each_time() -> None:
    made = market(24 * 300, 20)
    daily = (np.arange(24 * 300) % 24 == 0)[:, None]
    assert grid_seconds(Loop(made, 0.001, 2.0, 1e5), made["score"], daily) > 0.0
