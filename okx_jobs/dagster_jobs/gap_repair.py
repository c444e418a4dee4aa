"""The job that asks again for missing bars."""

import dagster as dg

from okx_services.ingest.gap_repair import repair_gaps as repair
from resources.dagster_resources import DatabaseResource, ExchangeResource
from resources.market.candle_store import TABLES, CandleStore


@dg.op(
    description="Fetch every due gap of market.candle_gaps once more; say in the end why one stays missing.",
    retry_policy=dg.RetryPolicy(max_retries=2, delay=5),
)
def ask_again(context: dg.OpExecutionContext, database: DatabaseResource, exchange: ExchangeResource) -> None:
    """One attempt for each due gap, of every bar size."""
    client = exchange.open()
    for bar in TABLES:
        report = repair(CandleStore(database.open(), bar), client, exchange.source())
        settled = ", ".join(f"{count} {state}" for state, count in sorted(report.settled.items()))
        context.log.info(
            f"{bar}: {report.due} due, {report.refetched} refetched, {report.still_open} still open"
            + (f", {settled}" if settled else "")
        )


@dg.job(
    description="Ask the exchange again for missing candles and say in the end why they stay missing.",
    tags={"dagster/max_runtime": "3600"},
)
def repair_gaps() -> None:
    """One attempt for every due gap."""
    ask_again()
