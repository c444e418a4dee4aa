"""Positions and P&L: nothing appears, nothing vanishes."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from okx_core.trading.positions import SpotPosition, closed_trades, position_from_fills

T0 = datetime(2026, 8, 9, tzinfo=UTC)
TINY = Decimal("1e-12")


@dataclass(frozen=True)
class Fill:
    side: str
    price: Decimal
    size_base: Decimal
    fee: Decimal = Decimal(0)
    fee_currency: str = "USDT"
    filled_at: datetime = T0


prices = st.decimals("0.001", "100000", places=3)
sizes = st.decimals("0.0001", "1000", places=4)
fee_rates = st.sampled_from([Decimal("0.001"), Decimal("0.0008"), Decimal(0), Decimal("-0.0001")])


@st.composite
def trades(draw: st.DrawFn) -> list[Fill]:
    """Buys, and sales of no more than what is held; fees in either currency, rebates among them."""
    fills: list[Fill] = []
    for number in range(draw(st.integers(1, 12))):
        held = position_from_fills(fills, "BTC").quantity_base
        price, in_base = draw(prices), draw(st.booleans())
        sells = held > 0 and draw(st.booleans())
        size = (
            held * draw(st.sampled_from([Decimal("0.25"), Decimal("0.5"), Decimal(1)]))
            if sells
            else draw(sizes)
        )
        rate = Decimal(0) if sells and in_base else draw(fee_rates)
        fee = -rate * size * (1 if in_base else price)
        fills.append(
            Fill(
                "sell" if sells else "buy",
                price,
                size,
                fee,
                "BTC" if in_base else "USDT",
                T0 + number * timedelta(hours=1),
            )
        )
    return fills


def cash_flow(fill: Fill) -> Decimal:
    """Quote that enters (positive) or leaves the account."""
    sign = 1 if fill.side == "sell" else -1
    return sign * fill.price * fill.size_base + (fill.fee if fill.fee_currency == "USDT" else 0)


def base_flow(fill: Fill) -> Decimal:
    sign = 1 if fill.side == "buy" else -1
    return sign * fill.size_base + (fill.fee if fill.fee_currency == "BTC" else 0)


@given(trades(), prices)
def test_realised_and_unrealised_profit_are_cash_flow_plus_what_is_held(
    fills: list[Fill], mark: Decimal
) -> None:
    position = position_from_fills(fills, "BTC")
    earned = sum(map(cash_flow, fills)) + position.quantity_base * mark
    scale = 1 + sum(abs(cash_flow(fill)) for fill in fills) + position.quantity_base * mark
    assert abs(position.realised_pnl_quote + position.unrealised_pnl(mark) - earned) < TINY * scale


@given(trades())
def test_the_quantity_is_the_sum_of_base_flows(fills: list[Fill]) -> None:
    assert abs(position_from_fills(fills, "BTC").quantity_base - sum(map(base_flow, fills))) < TINY


@given(trades())
def test_fees_count_once_each_in_quote(fills: list[Fill]) -> None:
    paid = sum(-f.fee if f.fee_currency == "USDT" else -f.fee * f.price for f in fills)
    assert abs(position_from_fills(fills, "BTC").fees_quote - paid) < TINY * (1 + abs(paid))


def test_a_buy_fee_in_base_raises_the_average_price_of_what_is_left() -> None:
    position = SpotPosition().after(Fill("buy", Decimal(100), Decimal(1), Decimal("-0.001"), "BTC"), "BTC")
    assert position.quantity_base == Decimal("0.999")
    assert position.cost_quote == 100
    assert position.average_price == Decimal(100) / Decimal("0.999")
    assert position.fees_quote == Decimal("0.1")


def test_a_buy_fee_in_quote_adds_to_the_cost() -> None:
    position = SpotPosition().after(Fill("buy", Decimal(100), Decimal(1), Decimal("-0.1")), "BTC")
    assert position.quantity_base == 1
    assert position.cost_quote == Decimal("100.1")


def test_a_sale_realises_proceeds_less_fee_and_average_cost() -> None:
    fills = [
        Fill("buy", Decimal(100), Decimal(1)),
        Fill("buy", Decimal(200), Decimal(1)),
        Fill("sell", Decimal(300), Decimal(1), Decimal("-0.3")),
    ]
    position = position_from_fills(fills, "BTC")
    assert position.realised_pnl_quote == Decimal("149.7")
    assert position.average_price == 150


def test_a_flat_position_has_no_average_price_and_no_opening() -> None:
    position = position_from_fills(
        [Fill("buy", Decimal(1), Decimal(5)), Fill("sell", Decimal(2), Decimal(5))], "BTC"
    )
    assert position.average_price is None
    assert position.opened_at is None
    assert position.realised_pnl_quote == 5
    assert position.unrealised_pnl(Decimal(1000)) == 0


def test_what_is_left_below_the_dust_ends_the_position_and_a_new_buy_starts_one() -> None:
    dust = Decimal("0.01")
    first = Fill("buy", Decimal(1), Decimal("1.005"))
    sale = Fill("sell", Decimal(1), Decimal(1), filled_at=T0 + timedelta(hours=1))
    again = replace(first, filled_at=T0 + timedelta(hours=5))
    more = replace(first, filled_at=T0 + timedelta(hours=6))
    assert position_from_fills([first], "BTC", dust).opened_at == T0
    assert position_from_fills([first, sale], "BTC", dust).opened_at is None
    assert position_from_fills([first, sale, again], "BTC", dust).opened_at == again.filled_at
    assert position_from_fills([first, sale, again, more], "BTC", dust).opened_at == again.filled_at


def test_a_sale_out_of_nothing_is_all_profit_and_shows_as_short() -> None:
    """Only a fill that our books miss can do this; the balance check then locks the pair."""
    position = SpotPosition().after(Fill("sell", Decimal(2), Decimal(5)), "BTC")
    assert position.quantity_base == -5
    assert position.realised_pnl_quote == 10


@given(trades())
def test_closed_trades_earn_what_the_position_has_realised_when_it_is_flat(fills: list[Fill]) -> None:
    """Money in and out of each trade by fractions of its own, without average cost."""
    fills = [replace(fill, filled_at=T0 + timedelta(hours=n)) for n, fill in enumerate(fills)]
    found = closed_trades(fills, "BTC", TINY)
    expected, held, paid, got, opened = [], Fraction(0), Fraction(0), Fraction(0), None
    for fill in fills:
        price, size, fee = Fraction(fill.price), Fraction(fill.size_base), Fraction(fill.fee)
        in_base, in_quote = (fee, Fraction(0)) if fill.fee_currency == "BTC" else (Fraction(0), fee)
        if fill.side == "buy":
            opened = fill.filled_at if held <= TINY else opened
            held, paid = held + size + in_base, paid + price * size - in_quote
        else:
            held, got = held - size + in_base, got + price * size + in_quote
            if held <= TINY:
                expected.append((opened, fill.filled_at, float(100 * (got - paid) / paid)))
                paid, got = Fraction(0), Fraction(0)
    assert [(one.entry_time, one.exit_time) for one in found] == [one[:2] for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert abs(one.return_pct - other[2]) < 1e-6 * max(1.0, abs(other[2]))


def test_a_sale_of_what_was_never_bought_is_no_trade() -> None:
    assert closed_trades([Fill("sell", Decimal(5), Decimal(1))], "BTC") == []
