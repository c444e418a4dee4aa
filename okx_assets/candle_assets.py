"""Candles from the exchange: only confirmed bars, every bar under contract, nothing known is ever lost."""

from collections.abc import Callable
from datetime import datetime, timedelta

import dagster as dg
import pandas as pd

from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_core.candles.contract import contract_violations
from okx_core.features.timeframes import touched_until
from okx_core.labels.compute import LOOKBACK_BARS
from okx_core.labels.registry import HORIZON_HOURS
from okx_services.ingest.candle_fetch import CandleFetch, FetchReport, log
from resources.dagster_resources import DatabaseResource, ExchangeResource
from resources.market.candle_store import CandleStore, source_of
from resources.market.gap_ledger import GapLedger
from resources.market.universe import live_pairs
from resources.okx.errors import PermanentError
from resources.postgres.database import Database

HOUR = timedelta(hours=1)
SHOWN = 50
LABEL_HORIZONS = {f"ml/labels_{name}": hours * HOUR for name, hours in HORIZON_HOURS.items()}
DOWNSTREAM = ("market/candles_4h", "market/candles_1d", "features/features_1h", *LABEL_HORIZONS)


def _candles(bar: str, words: str) -> dg.AssetsDefinition:
    """The asset of one bar size; its partitions are hours, whatever the size."""
    key = ["market", f"candles_{bar}"]

    @dg.asset(
        key=key,
        description=f"Confirmed {words} bars of the universe's pairs, named by their open.",
        partitions_def=HOURLY,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(["market", "universe"], partition_mapping=dg.TimeWindowPartitionMapping())],
        group_name="market",
        owners=OWNERS,
        kinds=PYTHON_KINDS,
        metadata=describe(f"market.candles_{bar}"),
        retry_policy=dg.RetryPolicy(
            max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
        ),
        check_specs=[
            dg.AssetCheckSpec(
                "no_pair_missing",
                asset=key,
                description="Every live pair has a bar for the last closed hour of the window.",
            ),
            dg.AssetCheckSpec(
                "no_rejected_rows", asset=key, description="No row of the window broke the candle contract."
            ),
            dg.AssetCheckSpec(
                "keeps_contract",
                asset=key,
                description="What stands in the table keeps the candle contract: range, order of prices, grid, units.",
            ),
            dg.AssetCheckSpec(
                "no_gap_opened",
                asset=key,
                description="No bar since a pair was listed turned out to be missing.",
            ),
        ],
    )
    def candles(
        context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
    ) -> dg.MaterializeResult:
        return _materialize(context, CandleStore(database.open(), bar), exchange)

    return candles


candles_1h = _candles("1h", "1 h")
candles_15m = _candles("15m", "15-minute")


def _teller(context: dg.AssetExecutionContext) -> Callable[[str], None]:
    """Progress goes into the run's log in the UI, and to whoever listens in this process."""

    def tell(text: str) -> None:
        context.log.info(text)
        log.info(text)

    return tell


def _materialize(
    context: dg.AssetExecutionContext, candles: CandleStore, exchange: ExchangeResource
) -> dg.MaterializeResult:
    start, end = window_of(context)
    client = exchange.open()
    closed_until = min(end, client.now().replace(minute=0, second=0, microsecond=0))
    if closed_until <= start:
        raise dg.Failure(
            f"hour {start:%Y-%m-%d %H:%M} is not closed at the exchange, whose time is "
            f"{client.now():%Y-%m-%d %H:%M:%S}: choose an earlier partition",
            allow_retries=False,
        )
    listed = {item.inst_id: item.list_time for item in client.instruments("SPOT")}
    known = known_pairs(candles.database, start, end)
    pairs = [pair for pair in known if pair in listed]
    try:
        report = CandleFetch(candles, client, source_of(exchange.settings().mode), _teller(context)).run(
            pairs, start, closed_until
        )
    except PermanentError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    missing = _missing(candles, pairs, closed_until)
    if len(missing) == len(pairs) and closed_until == client.now().replace(minute=0, second=0, microsecond=0):
        raise dg.RetryRequested(max_retries=3, seconds_to_wait=5)
    since = {pair: moment for pair in pairs if (moment := listed[pair]) is not None}
    gaps = GapLedger(candles).notice(pairs, start, closed_until, client.now(), listed=since)
    gone = sorted(set(known) - set(listed) | set(report.refused))
    violations = contract_violations(candles.bars(pairs, start, closed_until), pd.Timedelta(candles.length))
    return _result(report, pairs, missing, gaps, gone, violations)


def _missing(candles: CandleStore, pairs: list[str], closed_until: datetime) -> list[str]:
    """Pairs without the newest bar before `closed_until`."""
    rows = candles.database.rows(
        f"select pair from {candles.table} where timestamp_utc = $1 and pair = any($2)",  # noqa: S608
        (closed_until - candles.length, pairs),
    )
    return sorted(set(pairs) - {row["pair"] for row in rows})


def _result(
    report: FetchReport,
    pairs: list[str],
    missing: list[str],
    gaps: int,
    gone: list[str],
    violations: list[str],
) -> dg.MaterializeResult:
    """Facts and checks of one run; a revised bar names the downstream hours that it touches."""
    warn = dg.AssetCheckSeverity.WARN
    return dg.MaterializeResult(
        metadata=written(
            report.rows,
            new_or_changed=report.written,
            pairs=len(pairs),
            rejected=report.rejected,
            revised=len(report.revised_keys()),
            downstream_touched=touched(report.revised_keys()),
            gaps_opened=gaps,
            missing=missing[:SHOWN],
            not_listed=gone[:SHOWN],
            resumed_bars=report.resumed_bars,
        ),
        check_results=[
            dg.AssetCheckResult(check_name="no_pair_missing", passed=not missing, severity=warn),
            dg.AssetCheckResult(check_name="no_rejected_rows", passed=not report.rejected, severity=warn),
            dg.AssetCheckResult(
                check_name="keeps_contract", passed=not violations, metadata={"violations": violations}
            ),
            dg.AssetCheckResult(check_name="no_gap_opened", passed=not gaps, severity=warn),
        ],
    )


def touched_hours(asset: str, first: datetime, last: datetime) -> tuple[datetime, datetime]:
    """The hours [start, end) of `asset` that rest on a candle that opens between `first` and `last`."""
    day = 24 * HOUR
    if asset in ("market/candles_4h", "market/candles_1d"):
        return first.replace(hour=0), last.replace(hour=0) + day
    if asset == "features/features_1h":
        return first.replace(hour=0), touched_until(last)
    return first - LABEL_HORIZONS[asset], last + HOUR * (1 + LOOKBACK_BARS)


def touched(changed: pd.DataFrame) -> list[str]:
    """Which hours of which assets a change of these bars (pair, timestamp_utc) reaches; a line per asset."""
    if changed.empty:
        return []
    opens = changed["timestamp_utc"].dt.floor("h")
    first, last = opens.min().to_pydatetime(), opens.max().to_pydatetime()
    windows = {asset: touched_hours(asset, first, last) for asset in DOWNSTREAM}
    return [
        f"{asset}: {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}" for asset, (start, end) in windows.items()
    ]


def known_pairs(database: Database, start: datetime, end: datetime) -> list[str]:
    """The live pairs of the window; a universe that knows none is an error that says what to do."""
    pairs = live_pairs(database, start, end)
    if not pairs:
        raise dg.Failure(
            f"market.universe knows no live pair for {start:%Y-%m-%d}: materialise market/universe for that day first",
            allow_retries=False,
        )
    return pairs
