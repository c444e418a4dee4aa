"""From the close of an hour to orders placed, for 50 pairs, against the floor that OKX's rate limits set.

An own PostgreSQL, the simulated exchange in a process of its own, its clock stepped hour by hour; every step
is the function that the assets call, with a LightGBM model trained on the same tape. Dagster's own time per
run is not in it, nor is the import of libraries. Positions are held for one hour, so that every hour trades.

Measured twice. *Own work*: loopback, no limits, what our code and the database need. *On the wire*: OKX's
limits on, at client and exchange, and ROUND_TRIP_SECONDS of network on every request, ours and the peer's.

The floor: an endpoint that takes L requests per 2 s needs (ceil(n / L) - 1) x 2 s for n of them. Candles take
40 per address, one request a pair; orders 60 per instrument, one each: they add nothing. For 50 pairs: 2 s.
The peer is a loop of one `requests.get` per pair, one after the other, the way simple bots read candles.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import requests
import urllib3

from benchmarks.exchange_process import exchange_process
from benchmarks.hour_rows import ROUND_TRIP_SECONDS, STAGES, Lap, own_rows, wire_rows
from benchmarks.rounds import TemporaryDatabase, seconds
from okx_core.decisions.protections import Protections
from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.features.compute import history_start
from okx_core.market.universe import UniverseFilter
from okx_core.models.algorithms.estimator import Budget
from okx_core.models.champions.signal_model import SignalModel
from okx_core.models.evaluation.calibration import Calibration
from okx_core.models.members import Fitted, MemberSpec
from okx_core.models.training.schedule import WalkForward
from okx_services.ingest import candle_window
from okx_services.ingest.candle_fetch import CandleFetch
from okx_services.ingest.funding import record_funding
from okx_services.ingest.universe import observe
from okx_services.research import scoring
from okx_services.research.member_training import load_history
from okx_services.research.model_scores import ModelScores, expected_rows
from okx_services.research.predictions import record, score_hours
from okx_services.trading.executor import OrderExecutor
from okx_services.trading.journal import Journal
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_parameters import pair_names
from resources.feature_store.root import StoreRoot
from resources.feature_store.sql_window import SqlWindow, newest_candle, window_start
from resources.feature_store.store import FeatureStore
from resources.market.candle_frames import candle_set
from resources.market.candle_store import CandleStore
from resources.okx.client import OkxClient
from resources.okx.http.rate_limits import WINDOW_SECONDS
from resources.postgres.database import Database
from resources.postgres.sql_models import load_checks, load_models
from resources.registry.tracking import Tracking
from resources.simulator.admin import SimulatorAdmin
from resources.stores import SIMULATED_CREDENTIALS

PAIRS = pair_names(50)
SEED, STRENGTH = 7, 2.0
FIRST_HOUR = datetime(2020, 11, 11, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AFTER_CLOSE = timedelta(seconds=1)
OWN_ROUNDS, WIRE_ROUNDS = 7, 3
SPEC = MemberSpec("lightgbm_rank_24h", horizon_hours=24, budget=Budget(trees=60))
HISTORY = timedelta(weeks=3)
# A rank from the middle to the top is expected to earn 5 %, so that each hour trades.
MODEL = SignalModel(
    f"{FIRST_HOUR:%Y-%m-%d}", {SPEC.name: 1}, {SPEC.name: 1.0},
    Calibration(10.0, 9.0, (0.0, 4.0), 0.5, (0.0, 0.0, 0.0), -2.0, 2.0), has_skill=True,
)  # fmt: skip
RULES = DecisionRules(horizon_hours=1)
LIMITS_OF_RISK = RiskLimits(
    max_asset_pct=10.0, max_exposure_pct=80.0, risk_per_trade_pct=1.0, max_order_quote=1e6
)


class Wire:
    """Counts every request of the process by endpoint, and lets each take `delay` seconds longer."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.sent: Counter[str] = Counter()

    @contextmanager
    def tapped(self) -> Iterator["Wire"]:
        original = urllib3.HTTPConnectionPool.urlopen

        def send(
            pool: urllib3.HTTPConnectionPool, method: str, url: str, *arguments: Any, **options: Any
        ) -> urllib3.BaseHTTPResponse:
            self.sent[f"{method} {urlsplit(url).path.removeprefix('/api/v5')}"] += 1
            time.sleep(self.delay)
            return original(pool, method, url, *arguments, **options)

        urllib3.HTTPConnectionPool.urlopen = send  # type: ignore[assignment, method-assign]
        try:
            yield self
        finally:
            urllib3.HTTPConnectionPool.urlopen = original  # type: ignore[method-assign]


@dataclass(frozen=True)
class Hour:
    """The work of one hour, stage by stage, as the assets do it."""

    store: Database
    history: FeatureStore
    member: Fitted
    base_url: str
    limited: bool
    hour: datetime

    @property
    def window(self) -> tuple[datetime, datetime]:
        return self.hour, self.hour + HOUR

    def client(self) -> OkxClient:
        """Every step opens a client of its own."""
        return OkxClient(
            self.base_url, SIMULATED_CREDENTIALS, simulated_trading=False, rate_limits=self.limited
        )

    def fetch(self) -> None:
        client = self.client()
        pairs = candle_window.known_pairs(self.store, *self.window)
        CandleFetch(CandleStore(self.store), client, "okx-simulated").run(pairs, *self.window)

    def higher_timeframes(self) -> None:
        for model in load_models():
            if not model.is_view:
                model.build_window(self.store, *self.window)
                window = model.bucket_window(*self.window)
                for check in load_checks():
                    if check.asset == tuple(model.table.split(".")):
                        check.offending(self.store, *window)

    def funding(self) -> None:
        record_funding(self.store, self.client(), *self.window, "okx-simulated")

    def features(self) -> None:
        frame = candle_set(self.store, *self.window).features(*self.window)
        copy = SqlWindow(self.history, "features.features_1h")
        copy.record(frame, *self.window, window_start(90, newest_candle(self.store)))

    def signals(self) -> None:
        scored = score_hours(self.history, self.member, *self.window).assign(version=1)
        first = window_start(90, newest_candle(self.store))
        record(self.history, SPEC.name, scored, *self.window, first)
        features = SqlWindow(self.history, "features.features_1h").read(*self.window)
        models = ModelScores(self.history, Tracking(""))
        models.loaded[1] = MODEL
        rows, reason, _ = expected_rows(models, features, *self.window, 1)
        if reason:
            raise RuntimeError(f"the hour {self.hour} has no signals: {reason}")
        gated = scoring.apply_gates(self.store, rows.assign(gate_model="pass"), *self.window, RULES)
        gated["live"] = True
        self.store.replace_window("trading.signals", gated[scoring.COLUMNS], *self.window)

    def execution(self) -> int:
        journal = Journal(self.store, "benchmark")
        executor = OrderExecutor(
            self.store, self.client(), journal, RULES, LIMITS_OF_RISK, "USDT", Protections()
        )
        report = executor.run()
        if report.rejection_reason or report.rejected or report.unresolved:
            raise RuntimeError(f"the hour {self.hour} was not traded: {report}")
        return report.placed

    def stages(self) -> dict[str, Callable[[], object]]:
        works = (
            self.fetch,
            self.higher_timeframes,
            self.funding,
            self.features,
            self.signals,
            self.execution,
        )
        return dict(zip(STAGES, works, strict=True))


def fetch_one_by_one(base_url: str, hour: datetime) -> None:
    """The peer: a new request for every pair's last candle, each after the other's answer."""
    end_ms = round((hour + HOUR).timestamp() * 1000)
    for pair in PAIRS:
        parameters = {"instId": pair, "bar": "1H", "after": str(end_ms), "before": str(end_ms - 3_600_001)}
        answer = requests.get(f"{base_url}/api/v5/market/candles", params=parameters, timeout=10).json()
        if len(answer["data"]) != 1:
            raise RuntimeError(f"{pair} of {hour}: {answer}")


def fill_history(database: Database, files: FeatureStore) -> None:
    """The tape's candles up to FIRST_HOUR, 4h and 1d bars from them, features to train on."""
    start = history_start(FIRST_HOUR - HISTORY)
    tape = SyntheticTape(PAIRS, SEED, STRENGTH)
    frames = []
    for pair in PAIRS:
        bars = tape.bars(pair, round(FIRST_HOUR.timestamp()) // 3600)
        names = ("open", "high", "low", "close", "volume", "quote_volume")
        values = {name: getattr(bars, name) for name in names}
        opens = pd.to_datetime(bars.hours * 3600, unit="s", utc=True)
        frames.append(pd.DataFrame({"pair": pair, "timestamp_utc": opens, **values}))
    history = pd.concat(frames, ignore_index=True).assign(source="tape", ingested_at=FIRST_HOUR)
    history = history[history["timestamp_utc"] >= start]
    database.replace_window("market.candles_1h", history, start, FIRST_HOUR)
    for model in load_models():
        if not model.is_view:
            model.build_window(database, start, FIRST_HOUR)
    first = FIRST_HOUR - HISTORY
    known = candle_set(database, first, FIRST_HOUR).features(first, FIRST_HOUR)
    SqlWindow(files, "features.features_1h").record(known, first, FIRST_HOUR, first)
    database.execute("analyze")


def trained(files: FeatureStore) -> Fitted:
    history = load_history(files, [SPEC], FIRST_HOUR)
    rows, place = history.thinned[SPEC.grid_hours], len(history.prices.close)
    fitted = rows.fit(SPEC, history.target(SPEC), WalkForward(), place)
    if fitted is None:
        raise RuntimeError("the history of the benchmark is too short to train on")
    # Three weeks of training rows: the gates of their range are asked, and refuse nothing.
    bounds = {"max_outside_share": 1.0, "max_distance": 100.0}
    version = {
        "week": FIRST_HOUR.date(), "member": SPEC.name, "model_name": "benchmark", "model_version": 1, "run_id": "none",
        "target": SPEC.target, "train_start": FIRST_HOUR - HISTORY, "train_end": FIRST_HOUR, "train_rows": 1,
        "feature_count": len(fitted.names), "data_fingerprint": "none", "code_version": "none",
        "trained_at": FIRST_HOUR, "label_known_at": FIRST_HOUR, **bounds,
    }  # fmt: skip
    files.database.upsert("ml.model_versions", ["week", "member"], [version])
    return replace(fitted, training_range=rows.training_range(SPEC, WalkForward(), place))


def fill_universe(database: Database, base_url: str) -> None:
    client = OkxClient(base_url, SIMULATED_CREDENTIALS, simulated_trading=False, rate_limits=False)
    day = FIRST_HOUR.replace(hour=0)
    rules = UniverseFilter("USDT", RULES.min_turnover_quote)
    rows = pd.DataFrame(observe(client, day, day + DAY, rules, {}))
    database.replace_rows("market.universe", rows, "day = $1", (day.date(),))


def lap(hour: Hour, admin: SimulatorAdmin, delay: float) -> Lap:
    """One hour: the bar closes, the peer reads it, then ours does everything."""
    admin.set_fixed(hour.hour + HOUR + AFTER_CLOSE)
    wire = Wire(delay)
    with wire.tapped():
        peer = seconds(lambda: fetch_one_by_one(hour.base_url, hour.hour))
        if hour.limited:
            time.sleep(WINDOW_SECONDS)  # the peer's requests leave the exchange's window
        wire.sent.clear()
        times = {name: seconds(work) for name, work in hour.stages().items()}
    orders = wire.sent["POST /trade/order"]
    return Lap(times, peer, orders, wire.sent)


def laps_of(files: FeatureStore, member: Fitted, home: Path, limited: bool, first: int) -> list[Lap]:
    """Consecutive hours from the `first` on; the first of them warms up and does not count."""
    rounds, delay = (WIRE_ROUNDS, ROUND_TRIP_SECONDS) if limited else (OWN_ROUNDS, 0.0)
    laps = []
    market = ("--seed", str(SEED), "--strength", str(STRENGTH))
    with exchange_process(home, len(PAIRS), FIRST_HOUR, limited, *market) as (base_url, admin):
        if not limited:
            admin.set_fixed(FIRST_HOUR + AFTER_CLOSE)
            fill_universe(files.database, base_url)
        for number in range(first, first + rounds + 1):
            hour = Hour(files.database, files, member, base_url, limited, FIRST_HOUR + number * HOUR)
            laps.append(lap(hour, admin, delay))
    return laps[1:]


def run() -> list[dict[str, Any]]:
    """All rows: name, peer, ours_ms, peer_ms, ratio; and the requests of the last hour, by endpoint."""
    with TemporaryDatabase() as store, TemporaryDirectory(prefix="okxsignal-bench-") as folder:
        files = FeatureStore(store, StoreRoot(f"{folder}/feature_store"))
        fill_history(store, files)
        member = trained(files)
        own = laps_of(files, member, Path(folder), limited=False, first=0)
        wire = laps_of(files, member, Path(folder), limited=True, first=OWN_ROUNDS + 1)
    counts = ", ".join(f"{count} {endpoint}" for endpoint, count in wire[-1].sent.most_common())
    return [*own_rows(own), *wire_rows(wire, len(PAIRS)), {"name": "requests of the hour", "peer": counts}]


if __name__ == "__main__":
    for line in run():
        figures = (
            f"{line['ours_ms']:>8.0f} ms {line['peer_ms']:>8.0f} ms {line['ratio']:>6.2f}"
            if "ratio" in line
            else ""
        )
        print(f"{line['name']:<24} {line['peer']:<40} {figures}")
