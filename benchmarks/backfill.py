"""Filling a history of candles: how close to OKX's rate limit, how exact, and at what cost per row.

*At the limit*: the exchange in a process of its own enforces OKX's limits, the fetch runs in another with the
client's pacing on. Three runs, each compared with the tape row for row: undisturbed; with faults of every kind
on five requests in a hundred; killed with SIGKILL halfway and started again. The floor is the number of
requests to /market/history-candles, which takes 20 per 2 s; the newest bars come from another endpoint.

*Per row*: the same bars with all limits off, our client against the loop around ccxt's fetch_ohlcv that most
bots use, on the same server. CPU seconds are those of the client's process alone.
"""

import argparse
import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ccxt
import numpy as np
import pandas as pd
import urllib3

from benchmarks.exchange_process import exchange_process
from benchmarks.rounds import TemporaryDatabase
from okx_services.ingest.candle_fetch import CandleFetch
from okx_simulator.tape.synthetic import SyntheticTape
from okx_simulator.tape.synthetic_parameters import pair_names
from resources.market.candle_store import CandleStore
from resources.okx.client import OkxClient
from resources.postgres.database import Database
from resources.simulator.admin import SimulatorAdmin

END = datetime(2024, 6, 1, tzinfo=UTC)
HISTORY_PER_SECOND = 10.0
FAULTY_SHARE = 0.05
FAULTS = (
    "accept_then_timeout", "rate_limited", "busy", "system_error", "unavailable", "html_body",
    "truncated_body", "dropped_socket", "slow",
)  # fmt: skip
RUNS: dict[str, dict[str, bool]] = {
    "undisturbed": {},
    "5 % of requests failing": {"faulty": True},
    "killed halfway and resumed": {"killed": True},
}
VALUES = ("open", "high", "low", "close", "volume", "quote_volume")


@dataclass(frozen=True)
class Scale:
    """How many pairs, and how many days before END."""

    pairs: int
    days: int

    @property
    def start(self) -> datetime:
        return END - timedelta(days=self.days)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(pair_names(self.pairs))


SMALL = Scale(pairs=10, days=180)


@dataclass(frozen=True)
class Outcome:
    """One run: seconds, pages of history per second against the limit, rows, and rows unlike the tape."""

    name: str
    seconds: float
    limit_share: float
    rows: int
    wrong: int
    repeated_pages: int


def fetch_process(base_url: str, database_url: str, scale: Scale) -> "subprocess.Popen[str]":
    """The fetch in a process of its own; it prints seconds, pages and pages that it did not have to ask for."""
    command = [
        sys.executable, "-m", "benchmarks.backfill", "fetch", base_url, database_url,
        str(scale.pairs), str(scale.days),
    ]  # fmt: skip
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def fetch(base_url: str, database_url: str, scale: Scale) -> None:
    """The body of `fetch_process`."""
    client = OkxClient(base_url, timeout_seconds=3.0)
    client.server_time()
    began = time.monotonic()
    report = CandleFetch(CandleStore(Database(database_url)), client, "okx").run(
        scale.names, scale.start, END
    )
    print(time.monotonic() - began, report.pages, report.resumed_bars)


def wrong_rows(database: Database, scale: Scale) -> int:
    """Rows that are missing, repeated, too many or unlike the tape's in any value."""
    tape, wrong = SyntheticTape(scale.names), 0
    first, last = (int(moment.timestamp()) // 3600 for moment in (scale.start, END))
    for pair in scale.names:
        found = database.frame(
            "select * from market.candles_1h where pair = $1 order by timestamp_utc", (pair,)
        )
        bars = tape.bars(pair, last).between(first, last)
        wanted = pd.DataFrame(dict(zip(VALUES, bars.values(), strict=True)))
        wanted.index = pd.to_datetime(bars.hours * 3600, unit="s", utc=True)
        found = found.set_index("timestamp_utc")[list(VALUES)]
        both = wanted.index.intersection(found.index)
        unlike = ~np.equal(wanted.loc[both].to_numpy(), found.loc[both].to_numpy()).all(axis=1)
        wrong += len(wanted.index.symmetric_difference(found.index)) + int(unlike.sum())
    return wrong


def history_pages(scale: Scale) -> float:
    """Pages that one fetch must ask of the endpoint with the history."""
    return scale.pairs * math.ceil((scale.days * 24 - 1_400) / 300)


def at_the_limit(scale: Scale, name: str, faulty: bool = False, killed: bool = False) -> Outcome:
    """One backfill at OKX's limits, compared with the tape."""
    with (
        TemporaryDirectory() as home,
        exchange_process(Path(home), scale.pairs, END, limited=True) as (url, admin),
        TemporaryDatabase() as database,
    ):
        if faulty:
            arm_faults(admin)
        began, pages = time.monotonic(), 0
        if killed:
            with fetch_process(url, database.url, scale) as first:
                time.sleep(history_pages(scale) / HISTORY_PER_SECOND / 2)
                first.kill()
        with fetch_process(url, database.url, scale) as fetching:
            output, _ = fetching.communicate()
        seconds = time.monotonic() - began
        took, pages_text, _resumed = output.split()
        pages = int(pages_text)
        rows = int(database.scalar("select count(*) from market.candles_1h"))
        return Outcome(
            name,
            seconds,
            history_pages(scale) / HISTORY_PER_SECOND / (seconds if killed else float(took)),
            rows,
            wrong_rows(database, scale),
            pages,
        )


def arm_faults(admin: SimulatorAdmin) -> None:
    """Every kind of REST fault, on FAULTY_SHARE of all requests together; time-outs are shortened."""
    each = 1 - (1 - FAULTY_SHARE) ** (1 / len(FAULTS))
    rules = [
        {"kind": kind, "path": "/market/*", "probability": each, "seed": number}
        for number, kind in enumerate(FAULTS)
    ]
    for rule in rules:
        if rule["kind"] in ("accept_then_timeout", "slow"):
            rule["seconds"] = 4.0 if rule["kind"] == "accept_then_timeout" else 0.5
    admin.add_faults(*rules)


@dataclass(frozen=True)
class Lap:
    """Cost of one way of reading candles, in this process."""

    rows: int
    cpu_seconds: float
    wall_seconds: float
    requests: int


def lap(way: Callable[[], int]) -> Lap:
    """Run it once, counting every request that leaves the process."""
    original, sent = urllib3.HTTPConnectionPool.urlopen, [0]

    def counted(*arguments: Any, **options: Any) -> urllib3.BaseHTTPResponse:
        sent[0] += 1
        return original(*arguments, **options)

    urllib3.HTTPConnectionPool.urlopen = counted  # type: ignore[assignment, method-assign]
    try:
        cpu, wall = time.process_time(), time.perf_counter()
        rows = way()
        return Lap(rows, time.process_time() - cpu, time.perf_counter() - wall, sent[0])
    finally:
        urllib3.HTTPConnectionPool.urlopen = original  # type: ignore[method-assign]


def ours(url: str, pairs: Sequence[str], start: datetime) -> int:
    client = OkxClient(url, rate_limits=False)
    return sum(len(client.candles(pair, "1H", start, END)) for pair in pairs)


def ccxt_loop(url: str, pairs: Sequence[str], start: datetime) -> int:
    """The usual loop: ask from the last bar on, until nothing new comes; rows become a frame."""
    exchange = ccxt.okx({"urls": {"api": {"rest": url}}, "enableRateLimit": False})
    exchange.session.trust_env = False
    exchange.load_markets()
    end_ms, rows = int(END.timestamp() * 1000), 0
    for pair in pairs:
        symbol, since, found = pair.replace("-", "/"), int(start.timestamp() * 1000), []
        while since < end_ms:
            page = exchange.fetch_ohlcv(symbol, "1h", since, 300)
            if not page:
                break
            found += page
            since = page[-1][0] + 3_600_000
        frame = pd.DataFrame(found, columns=["timestamp", "open", "high", "low", "close", "volume"])
        frame["timestamp"] = pd.to_datetime(frame["timestamp"], unit="ms", utc=True)
        rows += int((frame["timestamp"] < END).sum())
    return rows


def per_row(pairs: int = 4, days: int = 365, rounds: int = 5) -> dict[str, list[Lap]]:
    """Laps of each way, taken in turns after one that does not count."""
    start, names = END - timedelta(days=days), pair_names(pairs)
    with (
        TemporaryDirectory() as home,
        exchange_process(Path(home), pairs, END, limited=False) as (url, _),
    ):
        ways = {"ours": ours, "ccxt": ccxt_loop}
        laps: dict[str, list[Lap]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, way in ways.items():
                found = lap(partial(way, url, names, start))
                laps[name] += [found] if number else []
    return laps


def run() -> list[dict[str, Any]]:
    """All rows: name, peer, ours_ns_per_row, peer_ns_per_row, ratio; then what was fetched at the limit."""
    laps = per_row()
    rows = []
    for what, cost in (
        ("CPU of the client", lambda one: 1e9 * one.cpu_seconds / one.rows),
        ("time, no limits", lambda one: 1e9 * one.wall_seconds / one.rows),
        ("requests per million rows", lambda one: 1e6 * one.requests / one.rows),
    ):
        mine, theirs = (float(np.median([cost(one) for one in laps[name]])) for name in ("ours", "ccxt"))
        rows.append({"name": what, "peer": "ccxt fetch_ohlcv loop", "ours_ns_per_row": mine,
                     "peer_ns_per_row": theirs, "ratio": theirs / mine})  # fmt: skip
    for name, options in RUNS.items():
        outcome = at_the_limit(SMALL, name, **options)
        words = (
            f"{outcome.rows:,} rows at {outcome.limit_share:.0%} of the rate that OKX allows, "
            f"{outcome.wrong} of them unlike the tape"
        )
        rows.append({"name": f"{SMALL.pairs} pairs x {SMALL.days} days, {name}", "peer": words})
    return rows


def main() -> None:
    """`python -m benchmarks.backfill --pairs 100 --days 730`: the full runs; they take about half an hour."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--only", choices=(*RUNS, "rows"))
    asked = parser.parse_args()
    scale = Scale(asked.pairs, asked.days)
    for name, options in RUNS.items():
        if asked.only in (None, name):
            print(at_the_limit(scale, name, **options), flush=True)
    if asked.only in (None, "rows"):
        for row in run():
            print(row, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["fetch"]:
        fetch(sys.argv[2], sys.argv[3], Scale(int(sys.argv[4]), int(sys.argv[5])))
    else:
        main()
