from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from okx_core.market.instruments import Instrument, ceil_to_step, floor_to_step, is_multiple

BTC = Instrument(
    "BTC-USDT", "BTC", "USDT", Decimal("0.1"), Decimal("0.00000001"), Decimal("0.00001"), None, "live"
)
amounts = st.decimals("0", "1e6", places=9)
steps = st.sampled_from([Decimal(1).scaleb(-power) for power in range(9)])


@given(amounts, steps)
def test_rounding_brackets_the_value_on_the_grid(value: Decimal, step: Decimal) -> None:
    low, high = floor_to_step(value, step), ceil_to_step(value, step)
    assert low <= value <= high
    assert high - low in (0, step)
    assert is_multiple(low, step)
    assert is_multiple(high, step)


def test_sizes_below_the_minimum_or_off_the_lot_are_refused() -> None:
    assert BTC.accepts(Decimal("0.00001"))
    assert not BTC.accepts(Decimal("0.000009"))
    assert not BTC.accepts(Decimal("0.000010001"))


def test_a_fee_reduced_balance_rounds_down() -> None:
    assert BTC.floor_size(Decimal("0.0019264116600")) == Decimal("0.00192641")
    assert BTC.floor_price(Decimal("41006.77")) == Decimal("41006.7")
    assert BTC.ceil_price(Decimal("41006.71")) == Decimal("41006.8")


def test_only_live_instruments_trade() -> None:
    assert BTC.is_live
