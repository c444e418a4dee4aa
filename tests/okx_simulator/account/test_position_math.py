"""Arithmetic of positions: averaging, closing, turning, and where they would be liquidated."""

from decimal import Decimal

import pytest

from okx_simulator.account.position_math import Holding, after_fill, liquidation_price


@pytest.mark.parametrize(
    ("held", "signed", "price", "after"),
    [
        (0, 5, 10, (5, 10, 0)),
        (5, 5, 20, (10, 15, 0)),
        (10, -4, 18, (6, 15, 12)),
        (10, -10, 10, (0, 0, -50)),
        (10, -15, 16, (-5, 16, 10)),
        (-5, 2, 10, (-3, 15, 10)),
        (-5, -5, 20, (-10, 17.5, 0)),
    ],
)
def test_averaging_closing_and_turning_a_position(
    held: int, signed: int, price: int, after: tuple[float, float, float]
) -> None:
    holding = Holding(Decimal(held), Decimal(15 if held != 5 or signed < 0 else 10), Decimal(1), Decimal(3))
    assert tuple(map(float, after_fill(holding, Decimal(signed), Decimal(price)))) == after


def test_the_liquidation_price_is_where_equity_meets_maintenance() -> None:
    for size in (Decimal(10), Decimal(-10)):
        held = Holding(size, Decimal(100), Decimal(1), Decimal(10))
        price = Decimal(102)
        equity = Decimal(50) + held.profit(price)
        found = liquidation_price(held, price, equity, held.maintenance(price))
        assert found is not None
        assert abs(Decimal(50) + size * (found - 100) - held.notional(found) * Decimal("0.005")) < Decimal(
            "1E-6"
        )
