"""Gaps are asked for when they are due; what rests on bars that came late or changed is computed again."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest

from okx_jobs.dagster_jobs import candle_sensors
from okx_jobs.dagster_jobs.hour_ranges import HOUR_FORMAT, RANGE_END, RANGE_START
from resources.market.candle_store import CandleStore
from resources.market.gap_ledger import GapLedger

T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A fake exchange that answers the time only."""

    moment = T0 + 200 * HOUR

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock(database, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(candle_sensors, "open_database", lambda _: database)
    monkeypatch.setattr(candle_sensors, "open_exchange", lambda _: clock)
    return clock


def sensor(name: str) -> dg.SensorDefinition:
    return next(sensor for sensor in candle_sensors.candle_sensors() if sensor.name == name)


def bars(hours: list[int], close: float = 10.0) -> pd.DataFrame:
    opens = pd.DatetimeIndex([T0 + hour * HOUR for hour in hours]).as_unit("us")
    prices = {"open": 10.0, "high": max(close, 10.0), "low": min(close, 10.0), "close": close}
    return pd.DataFrame(
        {"pair": "A-USDT", "timestamp_utc": opens, **prices, "volume": 1.0, "quote_volume": 10.0}
    )


def record(candles: CandleStore, rows: pd.DataFrame, now: datetime) -> None:
    candles.record(rows, rows.iloc[:0].assign(reason=""), "okx", now)


def asked(result: dg.SensorResult | object) -> list[dg.RunRequest]:
    return list(result.run_requests or [])  # type: ignore[attr-defined]


def test_a_gap_is_asked_for_only_when_it_is_due(database, clock: Clock) -> None:
    with dg.build_sensor_context() as context:
        assert asked(sensor("open_gaps").evaluate_tick(context)) == []
        store = CandleStore(database)
        record(store, bars([0, 2]), clock.moment)
        GapLedger(store).notice(["A-USDT"], T0, T0 + 3 * HOUR, clock.moment)
        assert len(asked(sensor("open_gaps").evaluate_tick(context))) == 1


def test_a_revised_bar_recomputes_the_hours_that_it_touches_and_that_are_there(
    database, clock: Clock
) -> None:
    store = CandleStore(database)
    record(store, bars(list(range(100))), clock.moment)
    with dg.DagsterInstance.ephemeral() as instance:
        for asset in ("features/features_1h", "ml/labels_1d"):
            for hour in range(60, 90):
                instance.report_runless_asset_event(
                    dg.AssetMaterialization(
                        dg.AssetKey(asset.split("/")), partition=(T0 + hour * HOUR).strftime(HOUR_FORMAT)
                    )
                )
        watcher = sensor("changed_candles")
        with dg.build_sensor_context(instance=instance) as context:
            first = watcher.evaluate_tick(context)
        assert asked(first) == []
        clock.moment += timedelta(minutes=10)
        record(store, bars([75], close=11.0), clock.moment)
        clock.moment += timedelta(minutes=1)
        with dg.build_sensor_context(instance=instance, cursor=first.cursor) as context:
            second = watcher.evaluate_tick(context)
        runs = {
            request.job_name: (request.tags[RANGE_START], request.tags[RANGE_END])
            for request in asked(second)
        }
        with dg.build_sensor_context(instance=instance, cursor=second.cursor) as context:
            assert asked(watcher.evaluate_tick(context)) == []
    hour = {number: (T0 + number * HOUR).strftime(HOUR_FORMAT) for number in (60, 72, 89)}
    # Labels look a day ahead of the bar, and those of barriers and levels 95 hours back from a row.
    assert runs == {"refresh_derived": (hour[72], hour[89]), "label_1d": (hour[60], hour[89])}


def test_a_revised_quarter_of_an_hour_recomputes_the_features_that_read_it_and_no_label(
    database, clock: Clock
) -> None:
    store = CandleStore(database, "15m")
    quarters = bars([0]).assign(timestamp_utc=pd.DatetimeIndex([T0 + 75.25 * HOUR]).as_unit("us"))
    record(store, quarters, clock.moment)
    with dg.DagsterInstance.ephemeral() as instance:
        for asset in ("features/features_1h", "ml/labels_1d"):
            for hour in range(60, 130):
                instance.report_runless_asset_event(
                    dg.AssetMaterialization(
                        dg.AssetKey(asset.split("/")), partition=(T0 + hour * HOUR).strftime(HOUR_FORMAT)
                    )
                )
        watcher = sensor("changed_candles")
        with dg.build_sensor_context(instance=instance) as context:
            first = watcher.evaluate_tick(context)
        clock.moment += timedelta(minutes=10)
        record(store, quarters.assign(close=11.0, high=11.0), clock.moment)
        clock.moment += timedelta(minutes=1)
        with dg.build_sensor_context(instance=instance, cursor=first.cursor) as context:
            runs = asked(watcher.evaluate_tick(context))
    assert [run.job_name for run in runs] == ["refresh_derived"]
    start, end = (datetime.strptime(runs[0].tags[tag], HOUR_FORMAT) for tag in (RANGE_START, RANGE_END))
    assert start.replace(tzinfo=UTC) == T0 + 75 * HOUR
    assert timedelta(hours=97 / 4) <= end - start < timedelta(hours=48)
