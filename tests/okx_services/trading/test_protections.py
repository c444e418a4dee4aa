"""What was really traded refuses what the backtest would refuse: by our fills, and by the equity of our runs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from okx_core.decisions.protections import DEFAULT_PROTECTIONS, Protections
from okx_core.market.instruments import Instrument
from okx_core.trading.positions import SpotPosition
from okx_services.trading.protections import note_equity, refused_pairs
from okx_services.trading.reconciliation import HeldPosition

NOW = datetime(2026, 8, 9, 20, 1, tzinfo=UTC)
PAIRS = ("BTC-USDT", "ETH-USDT")
INSTRUMENTS = {
    pair: Instrument(pair, pair[:3], "USDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.002"), None, "live")
    for pair in PAIRS
}


def fill(database, pair: str, side: str, hours_ago: float, price: str) -> None:
    row = {
        "pair": pair, "trade_id": f"{int(hours_ago * 60)}", "side": side, "order_id": "o", "client_order_id": "c",
        "price": Decimal(price), "size_base": Decimal(1), "fee": Decimal(0), "fee_currency": "USDT",
        "filled_at": NOW - timedelta(hours=hours_ago),
    }  # fmt: skip
    database.upsert("trading.fills", ["pair", "trade_id", "side"], [row])


def refused(database, protections: Protections = DEFAULT_PROTECTIONS, held=None) -> dict[str, str]:
    return refused_pairs(database, INSTRUMENTS, held or {}, PAIRS, NOW, protections)


def equity(database, hours_ago: float, cash: int, held=None, prices=None) -> None:
    note_equity(database, Decimal(cash), held or {}, prices or {}, NOW - timedelta(hours=hours_ago))


def test_nothing_traded_and_nothing_known_refuses_nothing(database) -> None:
    assert refused(database) == {}


def test_a_pair_that_was_just_sold_cools_down_and_the_other_does_not(database) -> None:
    fill(database, "BTC-USDT", "buy", 30, "100")
    fill(database, "BTC-USDT", "sell", 2, "101")
    found = refused(database)
    assert list(found) == ["BTC-USDT"]
    assert found["BTC-USDT"].startswith(
        "cooldown: the pair was sold less than 4 h ago; no entry before 2026-08-09 22:01"
    )
    assert refused(database, Protections()) == {}
    assert refused(database, Protections(cooldown_hours=1)) == {}


def test_losses_in_a_row_refuse_every_pair_and_a_gain_ends_the_row(database) -> None:
    rules = Protections(consecutive_losses=2, losses_pause_hours=12)
    for hours in (9, 7):
        fill(database, "BTC-USDT", "buy", hours, "100")
        fill(database, "BTC-USDT", "sell", hours - 1, "99")
    assert sorted(refused(database, rules)) == list(PAIRS)
    assert refused(database, Protections(consecutive_losses=3)) == {}


def test_equity_far_below_its_high_refuses_and_an_unknown_one_does_not(database) -> None:
    equity(database, 50, 10_000)
    equity(database, 26, 0, {"BTC-USDT": HeldPosition(SpotPosition(Decimal(1), opened_at=NOW), "")})
    assert refused(database) == {}
    stored = database.rows(
        "select equity_quote, cash_quote from trading.equity_minutes order by minute desc limit 1"
    )
    assert stored == [{"equity_quote": None, "cash_quote": Decimal(0)}]
    equity(database, 1, 7_000)
    assert all(
        reason.startswith("max_drawdown: equity fell more than 20.0 %")
        for reason in refused(database).values()
    )
    assert sorted(refused(database)) == list(PAIRS)


def test_what_is_held_counts_at_its_price(database) -> None:
    held = {"BTC-USDT": HeldPosition(SpotPosition(Decimal(2)), "")}
    equity(database, 0, 100, held, {"BTC-USDT": Decimal(50)})
    assert database.scalar("select equity_quote from trading.equity_minutes") == 200


def test_dust_without_a_price_hides_nothing(database) -> None:
    dust = HeldPosition(SpotPosition(Decimal("0.01")), "")
    equity(database, 0, 100, {"BTC-USDT": dust, "ETH-USDT": dust}, {"ETH-USDT": Decimal(50)})
    assert database.scalar("select equity_quote from trading.equity_minutes") == Decimal("100.5")


def test_entries_of_the_day_count_whether_their_positions_are_open_or_closed(database) -> None:
    fill(database, "BTC-USDT", "buy", 9, "100")
    fill(database, "BTC-USDT", "sell", 8, "101")
    held = {"ETH-USDT": HeldPosition(SpotPosition(Decimal(1), opened_at=NOW - timedelta(hours=3)), "")}
    assert sorted(refused(database, Protections(daily_trades=2), held)) == list(PAIRS)
    assert refused(database, Protections(daily_trades=3), held) == {}
