"""One window of candles: fetched for the pairs of the universe, stored, searched for gaps, held to the contract."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from okx_core.candles.contract import contract_violations
from okx_core.errors import OkxSignalError
from okx_core.hours import floor_hour
from okx_services.ingest.candle_fetch import CandleFetch, FetchReport
from okx_services.reports.window import WindowFacts
from resources.market.candle_store import CandleStore
from resources.market.gap_ledger import GapLedger
from resources.market.universe import live_pairs
from resources.okx.client import OkxClient
from resources.postgres.database import Database


class WindowNotClosedError(OkxSignalError):
    """The window has no hour that has closed at the exchange."""


class UnknownUniverseError(OkxSignalError):
    """market.universe names no live pair for the window."""


class NewestBarMissingError(OkxSignalError):
    """No pair has a bar for the hour that has just closed: the exchange has not confirmed it yet."""


@dataclass(frozen=True)
class CandleWindow:
    """The fetched bars and the problems found.

    `missing` names pairs without the newest bar, `not_listed` pairs that the exchange does not serve any more.
    """

    report: FetchReport
    pairs: list[str]
    missing: list[str]
    gaps_opened: int
    not_listed: list[str]
    violations: list[str]
    facts: WindowFacts


def record_window(
    candles: CandleStore,
    client: OkxClient,
    source: str,
    start: datetime,
    end: datetime,
    say: Callable[[str], None],
) -> CandleWindow:
    """Fetch and store the closed bars of [start, end) of every live pair; `say` gets the progress as text.

    Raises WindowNotClosedError, UnknownUniverseError, NewestBarMissingError and the errors of the client.
    """
    now = client.now()
    closed_until = min(end, floor_hour(now))
    if closed_until <= start:
        raise WindowNotClosedError(
            f"hour {start:%Y-%m-%d %H:%M} is not closed at the exchange, whose time is "
            f"{now:%Y-%m-%d %H:%M:%S}: choose an earlier partition"
        )
    listed = {item.inst_id: item.list_time for item in client.instruments("SPOT")}
    known = known_pairs(candles.database, start, end)
    pairs = [pair for pair in known if pair in listed]
    report = CandleFetch(candles, client, source, say).run(pairs, start, closed_until)
    missing = pairs_without_newest_bar(candles, pairs, closed_until)
    if len(missing) == len(pairs) and closed_until == floor_hour(client.now()):
        raise NewestBarMissingError(
            f"no pair has a confirmed bar that closed at {closed_until:%Y-%m-%d %H:%M}"
        )
    gaps = _open_gaps(candles, client, pairs, listed, start, closed_until)
    bars, facts = candles.bars(pairs, start, closed_until), WindowFacts()
    facts.add(bars)
    return CandleWindow(
        report=report,
        pairs=pairs,
        missing=missing,
        gaps_opened=gaps,
        not_listed=sorted(set(known) - set(listed) | set(report.refused)),
        violations=contract_violations(bars, pd.Timedelta(candles.length)),
        facts=facts,
    )


def _open_gaps(
    candles: CandleStore,
    client: OkxClient,
    pairs: list[str],
    listed: Mapping[str, datetime | None],
    start: datetime,
    closed_until: datetime,
) -> int:
    """Note the bars that are missing since each pair was listed; how many are new."""
    since = {pair: moment for pair in pairs if (moment := listed[pair]) is not None}
    return GapLedger(candles).notice(pairs, start, closed_until, client.now(), listed=since)


def pairs_without_newest_bar(candles: CandleStore, pairs: list[str], closed_until: datetime) -> list[str]:
    """Pairs without the newest bar before `closed_until`."""
    rows = candles.database.rows(
        f"select pair from {candles.table} where timestamp_utc = $1 and pair = any($2)",  # noqa: S608
        (closed_until - candles.length, pairs),
    )
    return sorted(set(pairs) - {row["pair"] for row in rows})


def known_pairs(database: Database, start: datetime, end: datetime) -> list[str]:
    """The live pairs of the window; a universe that knows none is an error that says what to do."""
    pairs = live_pairs(database, start, end)
    if not pairs:
        raise UnknownUniverseError(
            f"market.universe knows no live pair for {start:%Y-%m-%d}: materialise market/universe for that day first"
        )
    return pairs
