"""Exactly one order per decision, whatever dies and whoever asks twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from okx_core.decisions.protections import Protections
from okx_core.decisions.rules import DecisionRules
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT
from okx_services.trading.executor import OrderExecutor
from okx_services.trading.journal import EXECUTION_LOCK, Journal, LeaseTakenError
from resources.okx.errors import UnknownOutcomeError
from resources.stores import open_exchange

HOUR = timedelta(hours=1)
CHECKPOINTS = ("journaled", "marked", "sent", "accepted", "recorded", "completed")


class Killed(BaseException):
    """What a SIGKILL looks like from inside: nothing after it runs."""


def orders_at_exchange(market) -> int:
    return len(open_exchange(market.settings.exchange).fills())


def next_hour(market):
    """Live one more hour up to its signals, and make it want orders: two free pairs look splendid."""
    hour = market.store.scalar("select max(timestamp_utc) from trading.signals") + HOUR
    market.admin.set_fixed(hour + HOUR + timedelta(seconds=30))
    market.pipeline.run("refresh_universe", partition_key=hour.strftime("%Y-%m-%d"))
    market.pipeline.run("refresh_hour", partition_key=hour.strftime(HOUR_FORMAT))
    market.store.execute(
        "update trading.signals set predicted_excess_pct = -5, tradable = false where timestamp_utc = $1",
        (hour,),
    )
    market.store.execute(
        "update trading.signals set predicted_excess_pct = 5, excess_probability = 0.9, tradable = true "
        "where timestamp_utc = $1 and pair in (select s.pair from trading.signals as s "
        "left join trading.positions as p using (pair) "
        "where s.timestamp_utc = $1 and p.opened_at is null order by s.pair limit 2)",
        (hour,),
    )
    return hour


def executor(market, checkpoint=lambda _name: None, client=None) -> OrderExecutor:
    return OrderExecutor(
        database=market.store,
        client=client or open_exchange(market.settings.exchange),
        journal=Journal(market.store, "test"),
        rules=DecisionRules(),
        limits=market.settings.risk_limits,
        quote_currency="USDT",
        protections=Protections(),  # they are about what was lost, these tests about what is sent
        checkpoint=checkpoint,
    )


def placed_decisions(market, hour) -> tuple[int, int]:
    """Decisions of the hour, and orders at the exchange that carry one of their ids."""
    rows = market.store.rows("select * from trading.intents where signal_hour = $1", (hour,))
    client = open_exchange(market.settings.exchange)
    found = [row for row in rows if client.order(row["pair"], row["client_order_id"]) is not None]
    assert len({row["pair"] for row in found}) == len(found), "a decision has two orders"
    return len({row["pair"] for row in rows}), len(found)


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_a_run_killed_at_any_step_leaves_exactly_one_order_per_decision(market, checkpoint):
    hour = next_hour(market)

    def kill(name: str) -> None:
        if name == checkpoint:
            raise Killed

    with pytest.raises(Killed):
        executor(market, kill).run()
    # The exchange's clock moves on past the life of an order that may have been on its way.
    market.admin.set_fixed(hour + HOUR + timedelta(seconds=90))
    executor(market).run()
    decisions, orders = placed_decisions(market, hour)
    assert decisions == orders > 0
    assert Journal(market.store, "test").is_executed(hour)
    assert executor(market).run().placed == 0
    assert market.store.rows("select pair from trading.positions where locked") == []


def test_an_order_whose_answer_is_lost_is_found_not_sent_again(market):
    hour = next_hour(market)

    class LosesAnswers:
        """The real client, but every answer to an order is lost after the exchange took it."""

        def __init__(self, client):
            self.client = client

        def __getattr__(self, name):
            return getattr(self.client, name)

        def place_market_order(self, *arguments):
            self.client.place_market_order(*arguments)
            raise UnknownOutcomeError("POST /trade/order", "the answer was lost")

    report = executor(market, client=LosesAnswers(open_exchange(market.settings.exchange))).run()
    assert report.settled > 0
    decisions, orders = placed_decisions(market, hour)
    assert decisions == orders > 0


def test_a_second_run_of_the_hour_places_nothing(market):
    hour = next_hour(market)
    first = executor(market).run()
    second = executor(market).run()
    assert first.placed > 0
    assert second.placed == 0
    assert f"{hour:%Y-%m-%d %H:%M} has been executed" in second.rejection_reason


def test_an_order_keeps_the_prices_it_was_sent_at_and_the_run_the_fees_it_read(market):
    hour = next_hour(market)
    report = executor(market).run()
    rows = market.store.rows(
        "select * from trading.intents where signal_hour = $1 and state = 'accepted'", (hour,)
    )
    assert len(rows) == report.placed > 0
    for row in rows:
        assert 0 < row["arrival_bid"] <= row["arrival_ask"]
        assert row["arrived_at"] is not None
        assert abs(row["arrival_bid"] / row["decision_price"] - 1) < 0.05
    assert report.fees.startswith("taker 0.100 % a side on ")


def test_signals_past_their_time_to_live_are_refused(market):
    hour = next_hour(market)
    market.admin.set_fixed(hour + HOUR + timedelta(minutes=21))
    report = executor(market).run()
    assert report.placed == 0
    assert "more than" in report.rejection_reason


def test_signals_of_an_older_hour_are_refused(market):
    hour = next_hour(market)
    market.admin.set_fixed(hour + 3 * HOUR)
    report = executor(market).run()
    assert report.placed == 0
    assert "not the newest closed hour" in report.rejection_reason


def test_a_backfill_of_48_old_hours_places_no_order(market):
    hour = next_hour(market)
    before = orders_at_exchange(market)
    first, last = hour - 60 * HOUR, hour - 13 * HOUR
    market.pipeline.run(
        "trade_hour",
        tags={
            "dagster/asset_partition_range_start": first.strftime(HOUR_FORMAT),
            "dagster/asset_partition_range_end": last.strftime(HOUR_FORMAT),
            "dagster/backfill": "test",
        },
    )
    assert orders_at_exchange(market) == before


def test_an_old_hour_of_the_hourly_job_places_no_order(market):
    hour = next_hour(market)
    executor(market).run()
    before = orders_at_exchange(market)
    for age in (2, 5):
        market.pipeline.run("trade_hour", partition_key=(hour - age * HOUR).strftime(HOUR_FORMAT))
    assert orders_at_exchange(market) == before


def test_a_re_execution_places_no_order(market):
    next_hour(market)
    before = orders_at_exchange(market)
    run = market.pipeline.run(
        "execute_signals", tags={"dagster/parent_run_id": "x", "dagster/root_run_id": "x"}
    )
    assert run.success
    del before


def test_two_executors_at_once_are_one(market):
    next_hour(market)
    with market.store.connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock($1)", (EXECUTION_LOCK,))
        with pytest.raises(LeaseTakenError, match="another execution is running"):
            executor(market).run()


def test_an_exchange_that_holds_something_else_locks_the_pair(market):
    hour = next_hour(market)
    pair = market.store.scalar(
        "select pair from trading.signals where timestamp_utc = $1 and tradable order by pair limit 1",
        (hour,),
    )
    executor(market).run()
    with tampered_fill(market, pair):
        executor(market).run()
        rows = market.store.rows("select * from trading.positions where pair = $1", (pair,))
        assert rows[0]["locked"]
        assert "the exchange holds" in rows[0]["rejection_reason"]
    executor(market).run()
    assert market.store.rows("select pair from trading.positions where locked") == []


@contextmanager
def tampered_fill(market, pair: str) -> Iterator[None]:
    """A fill in our books that the exchange knows nothing of."""
    market.store.execute(
        "insert into trading.fills select pair, 'ghost', 'buy', order_id, client_order_id, price, 10, 0, "
        "fee_currency, filled_at from trading.fills where pair = $1 limit 1",
        (pair,),
    )
    try:
        yield
    finally:
        market.store.execute("delete from trading.fills where trade_id = 'ghost'")


def test_a_missing_limit_refuses_every_buy(market):
    from dataclasses import replace

    next_hour(market)
    limits = replace(market.settings.risk_limits, max_asset_pct=None)
    bare = replace(executor(market), limits=limits)
    report = bare.run()
    sides = market.store.rows(
        "select side from trading.intents where run_id = 'test' order by journaled_at desc limit 1"
    )
    assert report.placed == 0 or sides[0]["side"] == "sell"


def test_moving_the_alias_changes_the_model_of_the_next_signals(market):
    from resources.registry.tracking import CHAMPION, SIGNAL_MODEL, Tracking

    tracking = Tracking(market.settings.tracking_url)
    current = tracking.aliased(CHAMPION)
    other = next(v for v in range(1, 100) if v != current)
    tracking.client.set_registered_model_alias(SIGNAL_MODEL, CHAMPION, str(other))
    hour = next_hour(market)
    stamped = market.store.rows(
        "select distinct model_version, live from trading.signals where timestamp_utc = $1", (hour,)
    )
    assert [(row["model_version"], row["live"]) for row in stamped] == [(other, True)]
    noted = market.store.rows("select * from ml.promotions order by promotion_id desc limit 1")[0]
    assert (noted["model_version"], noted["previous_version"], noted["decided_by"]) == (
        other,
        current,
        "by hand",
    )
    tracking.client.set_registered_model_alias(SIGNAL_MODEL, CHAMPION, str(current))


def test_a_deleted_champion_opens_nothing_raises_an_alert_and_exits_go_on(market):
    from resources.registry.tracking import CHAMPION, Tracking

    tracking = Tracking(market.settings.tracking_url)
    current = tracking.aliased(CHAMPION)
    tracking.point(CHAMPION, 1)
    files = Tracking.files

    def without_files(_tracking, model_name, version):
        from resources.registry.tracking import TrackingError

        if model_name == "okxsignal-signal":
            raise TrackingError(f"{model_name} version {version} cannot be loaded")
        return files(_tracking, model_name, version)

    hour = market.store.scalar("select max(timestamp_utc) from trading.signals") + HOUR
    market.admin.set_fixed(hour + HOUR + timedelta(seconds=30))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tracking, "files", without_files)
        result = market.pipeline.run("trade_hour", partition_key=hour.strftime(HOUR_FORMAT))
    tracking.point(CHAMPION, current)
    assert result.success
    rows = market.store.rows("select * from trading.signals where timestamp_utc = $1", (hour,))
    assert rows
    assert all(row["predicted_excess_pct"] is None and not row["tradable"] for row in rows)
    assert all("version 1 cannot be used" in row["gate_model"] for row in rows)
    assert "cannot be loaded" in market.store.scalar(
        "select message from ops.alerts order by alert_id desc limit 1"
    )
    assert (
        market.store.rows("select 1 from trading.intents where signal_hour = $1 and side = 'buy'", (hour,))
        == []
    )
    assert Journal(market.store, "test").is_executed(hour)


def test_the_hourly_job_runs_candles_to_orders(market):
    hour = market.store.scalar("select max(timestamp_utc) from trading.signals") + HOUR
    market.admin.set_fixed(hour + HOUR + timedelta(seconds=30))
    result = market.pipeline.run("trade_hour", partition_key=hour.strftime(HOUR_FORMAT))
    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events()}
    assert {"market/candles_1h", "features/features_1h", "trading/signals", "trading/orders"} <= made
    assert Journal(market.store, "test").is_executed(hour)
