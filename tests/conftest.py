"""One market for the whole test session: embedded PostgreSQL, simulated exchange, MLflow, a finished demo.

The dates are fixed, so every run sees the same tape, models and orders.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest
from rich.console import Console

from tests.clusters import quick_clusters, without_syncing
from tests.distribution import DEMO_HOME, Scheduling, group_of, in_order
from tests.examples import load_profile
from tests.ports import free_port

if TYPE_CHECKING:
    from okx_simulator.exchange import Exchange
    from okx_simulator.tape.bars import Tape
    from resources.okx.client import OkxClient
    from tests.databases import Databases

    Serve = Callable[[Tape, datetime], AbstractContextManager[tuple[Exchange, OkxClient]]]

load_profile()  # before any property test is imported

DEMO_START = datetime(2025, 10, 26, tzinfo=UTC)  # 41 weeks: 12 of history, 27 of predictions, 2 of backtest
DEMO_END = datetime(2026, 8, 9, 6, tzinfo=UTC)
LIVE_HOURS = 3
DEMO_PAIRS = "BTC-USDT,ETH-USDT,SOL-USDT,XRP-USDT,DOGE-USDT,ADA-USDT"
DEMO_SECONDS = 900  # the first test of the demo home waits for the demo, on a busy machine too
HOUR = timedelta(hours=1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    """Under pytest-xdist, tests that share fixtures share a worker."""
    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)  # before the tests are put in random order, if they are
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under pytest-xdist the longest tests begin first; without it tests run in the order of the files."""
    for item in items:
        if group_of(item.nodeid) == DEMO_HOME:
            item.add_marker(pytest.mark.timeout(DEMO_SECONDS))
    if hasattr(config, "workerinput"):
        in_order(items)


def home_environment(home: Path) -> dict[str, str]:
    """Settings of a home of its own, on ports of its own."""
    ports = ("SIMULATOR_PORT", "SIMULATOR_ADMIN_PORT", "MLFLOW_PORT", "DAGSTER_PORT", "CODE_SERVER_PORT")
    return {
        "OKXSIGNAL_HOME": str(home),
        "OKXSIGNAL_MODE": "simulated",
        **{f"OKXSIGNAL_{name}": str(free_port()) for name in ports},
    }


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """An embedded PostgreSQL server without a market: for tests that bring their own rows."""
    from resources.postgres.embedded import EmbeddedPostgres

    server = EmbeddedPostgres(tmp_path_factory.mktemp("server"))
    with quick_clusters():
        server.start()
    yield server
    server.forget()


@pytest.fixture
def unsynced() -> Iterator[None]:
    """Servers that the test starts in this process do not wait for the disk."""
    with without_syncing():
        yield


@pytest.fixture
def quick_servers() -> Iterator[None]:
    """The same, and homes of this test get a copy of an empty cluster."""
    with quick_clusters():
        yield


@pytest.fixture(scope="session")
def databases(server, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Databases]":  # type: ignore[no-untyped-def]
    """Databases with the whole schema, made while the tests before run."""
    from resources.config.settings import Settings
    from resources.stores import prepare_database
    from tests.databases import Databases

    settings = Settings(home=tmp_path_factory.mktemp("template"), database_url=server.url)
    prepare_database(settings.database, settings.market)
    with Databases(server.url) as databases:
        yield databases


@pytest.fixture(scope="session")
def new_database(databases: "Databases"):  # type: ignore[no-untyped-def]
    """Gives an empty database of the product's schema that lasts as long as its `with` block."""
    return databases.one


@pytest.fixture
def database(new_database):  # type: ignore[no-untyped-def]
    """An empty database of this test alone."""
    with new_database() as database:
        yield database


@pytest.fixture(scope="session")
def synthetic_market(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """The synthetic market as candles: `first_days` cuts it."""
    from tests.synthetic_market import synthetic_market

    base = tmp_path_factory.getbasetemp()
    return synthetic_market(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


def thin_moments(patch: pytest.MonkeyPatch) -> None:
    """Look-ahead is tested at one moment in eight: for tests of something else than which moments are tested."""
    from okx_core.validation import moments, validate

    patch.setattr(validate, "decision_moments", lambda *span: moments.decision_moments(*span)[::8])
    patch.setattr(validate, "event_moments", lambda _hourly: {})


@pytest.fixture
def few_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    thin_moments(monkeypatch)


@pytest.fixture(scope="session")
def environment_of_home() -> Callable[[Path], dict[str, str]]:
    """`home_environment`, for tests that start processes of their own."""
    return home_environment


@pytest.fixture
def serve() -> "Serve":
    """Serves a tape at a fixed time while the block runs; gives the exchange and an unpaced client."""
    from okx_simulator.exchange import Exchange
    from okx_simulator.protocol.clock import ExchangeClock, fixed
    from okx_simulator.server.serve import serve_in_thread
    from resources.okx.client import OkxClient

    @contextmanager
    def served(tape: "Tape", now: datetime) -> "Iterator[tuple[Exchange, OkxClient]]":
        exchange = Exchange(tape, ExchangeClock(fixed(int(now.timestamp() * 1000))), rate_limits=False)
        with serve_in_thread(exchange) as addresses:
            client = OkxClient(addresses.base_url, rate_limits=False)
            yield exchange, client
            client.close()
        exchange.close()

    return served


@dataclass(frozen=True)
class DemoHome:
    """A home in which the demo has been run, its services still up.

    Tests share it in any order, and some live on in it: what the demo left ends at `stretch.end`.
    """

    pipeline: object
    admin: object
    settings: object
    stretch: object
    instance: dg.DagsterInstance

    @property
    def store(self):  # type: ignore[no-untyped-def]
        from resources.stores import open_database

        return open_database(self.settings.database)

    def pages(self) -> dict[dg.AssetKey, dict[str, object]]:
        """The metadata of the newest run of each asset, by name."""
        from okx_assets import keys

        events = {key: self.instance.get_latest_materialization_event(key) for key in keys.EVERY}
        return {
            key: {name: value.value for name, value in event.asset_materialization.metadata.items()}
            for key, event in events.items()
            if event is not None
        }

    @cached_property
    def demo_pages(self) -> dict[dg.AssetKey, dict[str, object]]:
        """The pages when the demo had ended: asked first by the fixture."""
        return self.pages()


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoHome]:
    """Demo on 6 synthetic pairs: 41 weeks of history, the last hours traded; few versions, to be quick."""
    home = tmp_path_factory.mktemp("market")
    before = dict(os.environ)
    os.environ.update(
        home_environment(home) | {"OKXSIGNAL_PAIRS": DEMO_PAIRS, "OKXSIGNAL_RETRAIN_WEEKS": "13"}
    )
    from okx_core.hours import Stretch
    from okx_jobs.runs.demo import Demo
    from okx_jobs.runs.runner import Pipeline, quiet_instance
    from okx_jobs.stack import services
    from resources.config.settings import load_settings
    from resources.postgres.embedded import EmbeddedPostgres
    from resources.simulator.admin import SimulatorAdmin

    settings = load_settings()
    stretch = Stretch(DEMO_START, DEMO_END, LIVE_HOURS)
    clock = f"fixed:{stretch.history_end:%Y-%m-%dT%H:%M:%SZ}"
    try:
        with (
            without_syncing(),
            services.working_services(settings, clock),
            quiet_instance(settings.home) as instance,
        ):
            pipeline, admin = Pipeline(instance), SimulatorAdmin(settings.simulator_admin_url)
            demo = Demo(
                pipeline, admin, stretch, Console(quiet=True), lambda: services.wait_for_mlflow(settings)
            )
            with pytest.MonkeyPatch.context() as patch:
                thin_moments(patch)
                demo.run()
            market = DemoHome(pipeline, admin, settings, stretch, instance)
            assert market.demo_pages
            yield market
    finally:
        EmbeddedPostgres(home).forget()
        os.environ.clear()
        os.environ.update(before)
