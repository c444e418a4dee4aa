"""Candles from the exchange: only confirmed bars, every bar under contract, nothing known is ever lost."""

from collections.abc import Callable

import dagster as dg

from okx_assets import keys, tables
from okx_assets.keys import table_of
from okx_assets.partitions import HOURLY, window_of
from okx_assets.tables import OWNERS, PYTHON_KINDS, describe, written
from okx_services.ingest.candle_fetch import log
from okx_services.ingest.candle_window import (
    CandleWindow,
    NewestBarMissingError,
    UnknownUniverseError,
    WindowNotClosedError,
    record_window,
)
from okx_services.ingest.dependent_hours import describe_dependents
from resources.dagster_resources import DatabaseResource, ExchangeResource
from resources.market.candle_store import CandleStore
from resources.okx.errors import PermanentError

SHOWN = 50
CHECKS = {
    "no_pair_missing": "Every live pair has a bar for the last closed hour of the window.",
    "no_rejected_rows": "No row of the window broke the candle contract.",
    "keeps_contract": "Every stored bar keeps the candle contract: range, order of prices, grid, units.",
    "no_gap_opened": "No bar since a pair was listed turned out to be missing.",
}


def _candles(key: dg.AssetKey, bar: str, words: str) -> dg.AssetsDefinition:
    """The asset of one bar size; its partitions are hours, whatever the size."""

    @dg.asset(
        key=key,
        description=f"Confirmed {words} bars of the universe's pairs, named by their open.",
        partitions_def=HOURLY,
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(keys.UNIVERSE, partition_mapping=dg.TimeWindowPartitionMapping())],
        group_name="market",
        owners=OWNERS,
        kinds=PYTHON_KINDS,
        metadata=describe(table_of(key)),
        retry_policy=dg.RetryPolicy(
            max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
        ),
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=description)
            for name, description in CHECKS.items()
        ],
    )
    def candles(
        context: dg.AssetExecutionContext, database: DatabaseResource, exchange: ExchangeResource
    ) -> dg.MaterializeResult:
        start, end = window_of(context)
        store = CandleStore(database.open(), bar)
        try:
            window = record_window(store, exchange.open(), exchange.source(), start, end, _say(context))
        except NewestBarMissingError as error:
            raise dg.RetryRequested(max_retries=3, seconds_to_wait=5) from error
        except (WindowNotClosedError, UnknownUniverseError, PermanentError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        return _result(context, window, bar)

    return candles


candles_1h = _candles(keys.CANDLES_1H, "1h", "1 h")
candles_15m = _candles(keys.CANDLES_15M, "15m", "15-minute")


def _say(context: dg.AssetExecutionContext) -> Callable[[str], None]:
    """Progress goes to the run's log in the UI and to the logger of the fetch."""

    def say(text: str) -> None:
        context.log.info(text)
        log.info(text)

    return say


def _result(context: dg.AssetExecutionContext, window: CandleWindow, bar: str) -> dg.MaterializeResult:
    """Facts and checks of one run; a revised bar names the hours of other tables that depend on it."""
    report, warn = window.report, dg.AssetCheckSeverity.WARN
    revised = report.revised_keys()
    return dg.MaterializeResult(
        metadata=tables.of_newest(
            context,
            written(
                report.rows,
                new_or_changed=report.written,
                rejected=report.rejected,
                revised=len(revised),
                dependent_hours=describe_dependents(revised, bar),
                gaps_opened=window.gaps_opened,
                missing=window.missing[:SHOWN],
                not_listed=window.not_listed[:SHOWN],
                resumed_bars=report.resumed_bars,
                **window.facts.facts(),
                nulls=tables.text(window.facts.null_table()),
            ),
        ),
        check_results=[
            dg.AssetCheckResult(check_name="no_pair_missing", passed=not window.missing, severity=warn),
            dg.AssetCheckResult(check_name="no_rejected_rows", passed=not report.rejected, severity=warn),
            dg.AssetCheckResult(
                check_name="keeps_contract",
                passed=not window.violations,
                metadata={"violations": window.violations},
            ),
            dg.AssetCheckResult(check_name="no_gap_opened", passed=not window.gaps_opened, severity=warn),
        ],
    )
