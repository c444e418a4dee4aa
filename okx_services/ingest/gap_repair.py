"""Asking again for bars that are missing, and saying in the end why they stay away."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from okx_core.candles.gaps import MAX_OUTAGE, OPEN, Evidence, classify_gap, is_conclusive, surroundings
from okx_core.candles.windows import Stretch, stretches
from okx_services.ingest.candle_fetch import CandleFetch
from resources.market.candle_store import CandleStore
from resources.market.gap_ledger import Attempt, Gap, GapLedger
from resources.okx.client import OkxClient
from resources.okx.errors import PermanentError

# The exchange keeps public trades for three months.
TRADES_KEPT = timedelta(days=88)


@dataclass
class RepairReport:
    """How many gaps were due, and what became of them."""

    due: int = 0
    refetched: int = 0
    still_open: int = 0
    settled: dict[str, int] = field(default_factory=dict)
    found: list[tuple[str, datetime]] = field(default_factory=list)


def repair_gaps(candles: CandleStore, client: OkxClient, source: str) -> RepairReport:
    """Fetch every due gap once more; what stays away is conclusive when asking again is pointless."""
    ledger, now = GapLedger(candles), client.now()
    gaps = ledger.due(now)
    report = RepairReport(due=len(gaps))
    if not gaps:
        return report
    by_pair: dict[str, list[Gap]] = {}
    for gap in gaps:
        by_pair.setdefault(gap.pair, []).append(gap)
    refused: dict[str, str] = {}
    for pair, missing in by_pair.items():
        for start, end in stretches([gap.timestamp_utc for gap in missing], candles.length):
            fetched = CandleFetch(candles, client, source).run([pair], start, end)
            refused |= fetched.refused
    still = {(gap.pair, gap.timestamp_utc) for gap in ledger.due(now)}
    absent = [gap for gap in gaps if (gap.pair, gap.timestamp_utc) in still]
    report.found = [
        (gap.pair, gap.timestamp_utc) for gap in gaps if (gap.pair, gap.timestamp_utc) not in still
    ]
    report.refetched = len(report.found)
    attempts = _attempts_of(ledger, client, candles, absent, refused, now)
    ledger.note(attempts, now)
    report.still_open = sum(item.state == OPEN for item in attempts)
    for item in attempts:
        if item.state != OPEN:
            report.settled[item.state] = report.settled.get(item.state, 0) + 1
    return report


def _attempts_of(
    ledger: GapLedger,
    client: OkxClient,
    candles: CandleStore,
    absent: Sequence[Gap],
    refused: dict[str, str],
    now: datetime,
) -> list[Attempt]:
    """One attempt for each gap that has not been closed."""
    if not absent:
        return []
    margin = MAX_OUTAGE + 2 * candles.length
    opens = [gap.timestamp_utc for gap in absent]
    market = ledger.bars_of_market(min(opens) - margin, max(opens) + margin)
    present = sorted(market)
    concluded = [
        gap for gap in absent if is_conclusive(gap.timestamp_utc + candles.length, gap.attempts + 1, now)
    ]
    conclusive = {(gap.pair, gap.timestamp_utc) for gap in concluded}
    traded = _traded(client, candles, [gap for gap in concluded if gap.pair not in refused], now)
    attempts = []
    for gap in absent:
        state, words = OPEN, f"asked {gap.attempts + 1} times, absent"
        if (gap.pair, gap.timestamp_utc) in conclusive:
            seen = Evidence(
                traded.get((gap.pair, gap.timestamp_utc)),
                market.get(gap.timestamp_utc, 0),
                *surroundings(gap.timestamp_utc, market, present, candles.length),
            )
            state, words = classify_gap(seen)
            words = f"{words}; asked {gap.attempts + 1} times"
        if gap.pair in refused:
            words = f"{words}; {refused[gap.pair]}"
        attempts.append(Attempt(gap.pair, gap.timestamp_utc, state, words))
    return attempts


def _traded(
    client: OkxClient, candles: CandleStore, gaps: Sequence[Gap], now: datetime
) -> dict[tuple[str, datetime], bool]:
    """Whether the public trades show one in each gap; gaps older than what the exchange keeps are unknown."""
    recent = [gap for gap in gaps if now - gap.timestamp_utc < TRADES_KEPT]
    by_pair: dict[str, list[datetime]] = {}
    for gap in recent:
        by_pair.setdefault(gap.pair, []).append(gap.timestamp_utc)
    known: dict[tuple[str, datetime], bool] = {}
    for pair, opens in by_pair.items():
        for run in stretches(sorted(opens), candles.length):
            known |= {(pair, bar): traded for bar, traded in _traded_in(client, candles, pair, run).items()}
    return known


def _traded_in(client: OkxClient, candles: CandleStore, pair: str, run: Stretch) -> dict[datetime, bool]:
    """For each bar of a run without a hole: was there a trade? Goes back from trade to trade."""
    start, end = run
    answers: dict[datetime, bool] = {}
    try:
        last = client.last_trade_before(pair, end)
    except PermanentError:
        return answers
    bar = end - candles.length
    while bar >= start:
        if last is None:
            return answers
        if last >= bar + candles.length:
            last = client.last_trade_before(pair, bar + candles.length)
            continue
        answers[bar] = last >= bar
        bar -= candles.length
    return answers
