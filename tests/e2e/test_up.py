"""`okxsignal up` as a user runs it: real processes, the UI's own API, a kill in the middle of a run."""

import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from resources.postgres.embedded import EmbeddedPostgres
from tests.e2e.stack import HOUR, Stack

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


def last_closed_hour() -> datetime:
    """The newest closed hour, waited for when it is about to change or its signals are too old to trade."""
    while not 0 <= datetime.now(UTC).minute < 58:
        time.sleep(5)
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - HOUR


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, environment_of_home: Callable[[Path], dict[str, str]]
) -> Iterator[Stack]:
    home = tmp_path_factory.mktemp("up")
    stack = Stack(home, environment_of_home(home))
    try:
        demo = stack.call("demo", "--days", "294", "--live-hours", "1")
        assert demo.returncode == 0, demo.stderr
        stack.up()
        yield stack
    finally:
        down = stack.call("down", "--forget")
        assert down.returncode == 0, down.stderr
        if stack.process is not None:
            stack.process.wait(120)


def test_a_forged_cross_site_request_is_refused_by_the_running_server(stack):
    url = f"{stack.address}?query=mutation%7BreloadWorkspace%7B__typename%7D%7D"
    for headers in ({}, {"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10)
        assert refused.value.code == 403
        refused.value.close()


def test_a_month_of_features_from_the_ui_is_one_run(stack):
    last = last_closed_hour().replace(hour=0) - HOUR
    first = last - timedelta(days=30) + HOUR
    runs = stack.backfill(["features/features_1h"], f"{first:%Y-%m-%d-%H:00}", f"{last:%Y-%m-%d-%H:00}")
    assert [run["status"] for run in runs] == ["SUCCESS"]


def test_the_same_hour_launched_twice_trades_once(stack):
    hour = last_closed_hour()
    stack.trade(hour)
    executed, orders = stack.store.scalar("select count(*) from trading.executed_hours"), stack.orders()
    stack.trade(hour)
    assert stack.orders() == orders
    assert stack.store.scalar("select count(*) from trading.executed_hours") == executed


def test_a_backfill_of_48_old_hours_from_the_ui_adds_no_order(stack):
    orders = stack.orders()
    last = last_closed_hour() - 24 * HOUR
    first = last - 47 * HOUR
    keys = [
        "market/candles_1h",
        "market/candles_4h",
        "market/candles_1d",
        "features/features_1h",
        "trading/signals",
    ]
    assert stack.backfill(keys, f"{first:%Y-%m-%d-%H:00}", f"{last:%Y-%m-%d-%H:00}")
    assert stack.orders() == orders


def test_a_kill_in_the_middle_of_a_run_is_swept_and_the_next_hour_trades_once(stack):
    hour = last_closed_hour()
    run_id = stack.launch_hour(hour)
    stack.wait_for(lambda: stack.status(run_id) == "STARTED", "started run", 90)
    before = children_of(stack)
    stack.kill()
    # The worst case: the run's worker dies too.
    for process in before:
        with suppress(psutil.Error):  # ended, or a zombie, in the meantime
            if "spawn_main" in " ".join(process.cmdline()):
                process.send_signal(signal.SIGKILL)
    stack.up()
    stack.wait_for(lambda: stack.status(run_id) in ("FAILURE", "SUCCESS"), "sweep", 60)
    orders = stack.orders()
    stack.trade(last_closed_hour())
    decisions = stack.store.rows(
        "select signal_hour, pair, count(*) as orders from trading.intents where state = 'accepted' group by 1, 2"
    )
    assert all(row["orders"] == 1 for row in decisions)
    assert stack.orders() >= orders
    assert stack.store.rows("select pair from trading.positions where locked") == []


def children_of(stack: Stack) -> list[psutil.Process]:
    assert stack.process is not None
    return psutil.Process(stack.process.pid).children(recursive=True)


def test_down_stops_everything_in_the_home(stack):
    before = children_of(stack)
    assert stack.call("down").returncode == 0
    assert stack.call("status").returncode == 1
    psutil.wait_procs(before, timeout=20)
    assert [process for process in before if process.is_running()] == []
    assert not EmbeddedPostgres(stack.home).is_running()
