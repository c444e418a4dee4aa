"""Hourly candles: only confirmed bars, every bar under contract, whole windows swapped at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd

from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_core.candle_revisions import merge_fetched
from okx_core.candles import check_candles
from okx_core.errors import OkxSignalError
from resources.dagster_resources import DatabaseResource, ExchangeResource
from resources.database import Database
from resources.okx.client import OkxClient
from resources.okx.errors import PermanentError

HOUR = timedelta(hours=1)
CONCURRENT_PAIRS = 8
WINDOW = "timestamp_utc >= $1 and timestamp_utc < $2 and pair = any(string_to_array($3, ','))"


@dg.asset(
    key=["market", "candles_1h"],
    partitions_def=HOURLY,
    backfill_policy=dg.BackfillPolicy.single_run(),
    deps=[dg.AssetDep(["market", "universe"], partition_mapping=dg.TimeWindowPartitionMapping())],
    group_name="market",
    owners=OWNERS,
    kinds=PYTHON_KINDS,
    metadata=describe("market.candles_1h"),
    retry_policy=dg.RetryPolicy(
        max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
    ),
    check_specs=[
        dg.AssetCheckSpec(
            "no_pair_missing",
            asset=["market", "candles_1h"],
            description="Every live pair has a bar for the last closed hour of the window.",
        ),
        dg.AssetCheckSpec(
            "no_rejected_rows",
            asset=["market", "candles_1h"],
            description="No row of the window broke the candle contract.",
        ),
    ],
)
def candles_1h(
    context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
) -> dg.MaterializeResult:
    """Confirmed 1h bars of the universe's pairs, named by their open."""
    start, end = window_of(context)
    store, client = database.open(), exchange.open()
    closed_until = min(end, client.now().replace(minute=0, second=0, microsecond=0))
    if closed_until <= start:
        raise dg.Failure(
            f"hour {start:%Y-%m-%d %H:%M} is not closed at the exchange, whose time is "
            f"{client.now():%Y-%m-%d %H:%M:%S}: choose an earlier partition",
            allow_retries=False,
        )
    listed = {item.inst_id for item in client.instruments("SPOT")}
    known = known_pairs(store, start, end)
    pairs = [pair for pair in known if pair in listed]
    good, rejected = fetch(client, pairs, start, closed_until)
    newest = closed_until - HOUR
    complete = set(good.loc[good["timestamp_utc"] == newest, "pair"])
    if not complete and newest == client.now().replace(minute=0, second=0, microsecond=0) - HOUR:
        raise dg.RetryRequested(max_retries=3, seconds_to_wait=5)
    good["ingested_at"] = client.now()
    good["source"] = f"okx-{exchange.settings().mode}"
    _store(store, good, rejected, pairs, start, end, client.now())
    missing = sorted(set(pairs) - complete)
    return dg.MaterializeResult(
        metadata=written(
            len(good),
            pairs=len(pairs),
            rejected=len(rejected),
            missing=missing,
            not_listed=sorted(set(known) - listed),
        ),
        check_results=[
            dg.AssetCheckResult(
                check_name="no_pair_missing", passed=not missing, severity=dg.AssetCheckSeverity.WARN
            ),
            dg.AssetCheckResult(
                check_name="no_rejected_rows", passed=rejected.empty, severity=dg.AssetCheckSeverity.WARN
            ),
        ],
    )


def known_pairs(store: Database, start: datetime, end: datetime) -> list[str]:
    """Live pairs of the universe on a day of the window, or on the last known day before it.

    Pairs that are too thin to trade are kept too: ranks and breadth need the whole market.
    """
    rows = store.rows(
        "select distinct pair from market.universe where state = 'live' and day < $2 and day >= "
        "coalesce((select max(day) from market.universe where day <= $1), $1) order by pair",
        (start.date(), (end + timedelta(hours=23)).date()),
    )
    if not rows:
        raise dg.Failure(
            f"market.universe knows no live pair for {start:%Y-%m-%d}: materialise market/universe for that day first",
            allow_retries=False,
        )
    return [row["pair"] for row in rows]


def fetch(
    client: OkxClient, pairs: list[str], start: datetime, end: datetime
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Candles of all pairs in [start, end), split by the contract into good rows and rejected ones."""
    with ThreadPoolExecutor(CONCURRENT_PAIRS) as pool:
        try:
            frames = list(pool.map(lambda pair: client.candles(pair, "1H", start, end), pairs))
        except PermanentError as error:
            pool.shutdown(cancel_futures=True)
            raise dg.Failure(str(error), allow_retries=False) from error
        except OkxSignalError:
            pool.shutdown(cancel_futures=True)
            raise
    return check_candles(pd.concat(frames, ignore_index=True))


def _store(
    store: Database,
    good: pd.DataFrame,
    rejected: pd.DataFrame,
    pairs: list[str],
    start: datetime,
    end: datetime,
    now: datetime,
) -> None:
    stored = store.frame(f"select * from market.candles_1h where {WINDOW}", (start, end, ",".join(pairs)))  # noqa: S608
    merged = merge_fetched(stored, good)
    store.replace_rows("market.candles_1h", merged, WINDOW, (start, end, ",".join(pairs)))
    ledger = pd.DataFrame(
        {
            "pair": rejected["pair"],
            "timestamp_utc": rejected["timestamp_utc"],
            "reason": rejected["reason"],
            "payload": rejected.drop(columns="reason").to_dict("records"),
            "rejected_at": now.astimezone(UTC),
        }
    )
    ledger["payload"] = ledger["payload"].map(str)
    store.replace_rows("market.rejected_rows", ledger, WINDOW, (start, end, ",".join(pairs)))
