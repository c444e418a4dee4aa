"""From own fills and the mid they were sent at to a decision, and from a decision to the costs of an hour."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.costs import ASSUMED, LEARNED
from okx_core.market.slippage_model import book_slippage_bps
from okx_services.trading.costs import with_costs
from okx_services.trading.slippage import MIN_ORDERS, decide_on, decide_slippage, own_orders
from resources.registry.served_slippage import SLIPPAGE_MODEL, ServedSlippage, slippage_model_from
from tests.okx_core.market.test_slippage_model import made_orders
from tests.okx_services.research.conftest import Registry

WEEK = date(2026, 8, 9)
SUNDAY = datetime(2026, 8, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
PAIR = "BTC-USDT"


def store_candles(database, first: datetime, hours: int) -> None:
    times = pd.date_range(first, periods=hours, freq="h").as_unit("us")
    rows = pd.DataFrame({"pair": PAIR, "timestamp_utc": times, "open": 100.0, "high": 100.5, "low": 100.0})
    rows = rows.assign(
        close=100.0, volume=2e4, quote_volume=2e6, source="made", ingested_at=first, revision=1
    )
    with database.bulk() as bulk:
        bulk.append("market.candles_1h", rows)


def store_order(
    database, number: int, hour: datetime, price: str, bid: str | None = "99.99", side="buy"
) -> None:
    """An order of 10 base in two fills; its mid is 100 unless the bid says otherwise."""
    name = f"order{number}"
    intent = {
        "client_order_id": name, "signal_hour": hour, "pair": PAIR, "attempt": 1, "side": side,
        "size_base": Decimal(10), "decision_price": Decimal(100), "model_name": "m", "reason": "r",
        "state": "accepted", "run_id": "r", "journaled_at": hour, "arrival_bid": bid and Decimal(bid),
        "arrival_ask": Decimal("100.01"), "arrived_at": hour,
    }  # fmt: skip
    database.upsert("trading.intents", ["client_order_id"], [intent])
    fills = [
        {
            "pair": PAIR, "trade_id": f"{number}{part}", "side": side, "order_id": name, "client_order_id": name,
            "price": Decimal(price) + part, "size_base": Decimal(5), "fee": Decimal(0), "fee_currency": "USDT",
            "filled_at": hour + HOUR,
        }
        for part in (0, 1)
    ]  # fmt: skip
    database.upsert("trading.fills", ["pair", "trade_id", "side"], fills)


def test_an_orders_slippage_is_its_average_price_against_the_mid_it_was_sent_at(database) -> None:
    store_candles(database, SUNDAY - 60 * HOUR, 60)
    store_order(database, 1, SUNDAY - 20 * HOUR, "99.7")
    store_order(database, 2, SUNDAY - 10 * HOUR, "99.7", side="sell")
    store_order(database, 3, SUNDAY - 9 * HOUR, "99.7", bid=None)
    store_order(database, 4, SUNDAY, "99.7")
    found = own_orders(database, SUNDAY)
    assert found["slippage_bps"].tolist() == pytest.approx([20.0, -20.0])
    assert found["notional_quote"].tolist() == pytest.approx([1002.0, 1002.0])
    assert found["is_buy"].tolist() == [True, False]
    assert set(found["book_source"]) == {ASSUMED}
    assert found["turnover_24h_quote"].tolist() == pytest.approx([48e6, 48e6])


def test_too_few_orders_leave_the_book_and_say_how_many_are_needed(database) -> None:
    registry = Registry()
    (decided,) = decide_slippage(database, registry, [WEEK], SUNDAY, "run")  # type: ignore[arg-type]
    assert not decided.in_charge
    assert decided.reason == f"the book stays: 0 own orders with a known arrival mid, {MIN_ORDERS} are needed"
    assert registry.versions == {}
    row = database.rows("select * from ml.slippage_models")[0]
    assert (row["in_charge"], row["model_version"], row["model_loss_bps"]) == (False, None, None)


def test_a_model_takes_charge_only_where_it_beats_the_book_out_of_sample() -> None:
    better = decide_on(WEEK, made_orders(factor=2.0))
    assert better.in_charge, better.reason
    assert better.model_loss < better.book_loss
    assert better.t >= 2.0
    same = decide_on(WEEK, made_orders(factor=1.0, noise=0.01))
    assert not same.in_charge
    assert "the book stays: pinball loss" in same.reason
    one_day = made_orders(factor=2.0).assign(timestamp_utc=lambda rows: rows["timestamp_utc"].iloc[0])
    assert not decide_on(WEEK, one_day).in_charge


@pytest.fixture
def in_charge(database, monkeypatch: pytest.MonkeyPatch):
    """A week whose orders paid twice what the book says, decided; gives its registry."""
    from okx_services.trading import slippage

    registry = Registry()
    monkeypatch.setattr(slippage, "own_orders", lambda *_: made_orders(factor=2.0, noise=0.2))
    (decided,) = decide_slippage(database, registry, [WEEK], SUNDAY, "run")  # type: ignore[arg-type]
    assert (decided.in_charge, decided.version) == (True, 1)
    return registry


def rows_of(hour: datetime) -> pd.DataFrame:
    times = pd.DatetimeIndex([hour]).as_unit("us")
    known = {"pair": [PAIR], "timestamp_utc": times, "turnover_24h_quote": 5e7, "range_1h_bps": 80.0}
    return pd.DataFrame(known)


def costs(database, hour: datetime, registry: Registry | None) -> pd.DataFrame:
    rows = rows_of(hour)
    return with_costs(database, rows, rows, hour, hour + HOUR, registry)  # type: ignore[arg-type]


def test_the_model_in_charge_replaces_the_book_from_its_week_on(database, in_charge: Registry) -> None:
    book = costs(database, SUNDAY + HOUR, None)
    learned = costs(database, SUNDAY + HOUR, in_charge)
    before = costs(database, SUNDAY - HOUR, in_charge)
    assert [one["book_source"].iloc[0] for one in (book, learned, before)] == [ASSUMED, LEARNED, ASSUMED]
    paid = [float(book_slippage_bps(one.assign(notional_quote=3_000.0))[0]) for one in (book, learned)]
    assert paid[1] == pytest.approx(2.0 * paid[0], rel=0.35)
    assert np.isnan(learned["taker_fee_rate"].iloc[0])


def test_a_model_that_is_gone_leaves_the_book(database, in_charge: Registry) -> None:
    in_charge.versions.clear()
    assert costs(database, SUNDAY + HOUR, in_charge)["book_source"].iloc[0] == ASSUMED
    in_charge.down = True
    assert costs(database, SUNDAY + HOUR, in_charge)["book_source"].iloc[0] == ASSUMED


def test_a_week_that_is_decided_again_on_the_same_orders_makes_no_second_version(
    database, in_charge: Registry
) -> None:
    (again,) = decide_slippage(database, in_charge, [WEEK], SUNDAY, "run")  # type: ignore[arg-type]
    assert again.version == 1
    assert len(in_charge.versions) == 1


def test_the_registered_files_are_the_model(in_charge: Registry) -> None:
    new = in_charge.versions[SLIPPAGE_MODEL, 1]
    served = ServedSlippage(slippage_model_from(new.files))
    pd.testing.assert_frame_equal(served.predict(new.example), new.prediction)
    assert "the model replaces the book" in new.description
