"""The gap ledger as people read it."""

from rich.console import Console
from rich.table import Table

from resources.postgres.database import Database

MEANING = {
    "open": "missing; it is asked for again",
    "refetched": "was missing and has come",
    "never_traded": "the exchange was down or nobody traded",
    "lost": "the exchange has no bar, though it traded or the silence is no outage",
}


def print_gaps(database: Database, console: Console) -> None:
    """A line for each bar size and state: how many bars, when, and the evidence of the newest one."""
    rows = database.rows(
        "select bar, state, count(*) as bars, count(distinct pair) as pairs, min(timestamp_utc) as first, "
        "max(timestamp_utc) as last, (array_agg(evidence order by timestamp_utc desc, pair))[1] as evidence "
        "from market.candle_gaps group by bar, state order by bar, state"
    )
    if not rows and not database.scalar("select exists (select from market.candles_1h)"):
        console.print(
            "gaps         no candles yet: run `okxsignal backfill --from 2026-01-01`, or `okxsignal demo`"
        )
        return
    if not rows:
        console.print("gaps         none: every bar of each pair since its listing is there")
        return
    table = Table("bar", "state", "bars", "pairs", "first", "last", "meaning", "newest evidence")
    for row in rows:
        table.add_row(
            row["bar"], row["state"], f"{row['bars']:,}", f"{row['pairs']:,}", f"{row['first']:%Y-%m-%d %H:%M}",
            f"{row['last']:%Y-%m-%d %H:%M}", MEANING[row["state"]], row["evidence"],
        )  # fmt: skip
    console.print(table)
    console.print("Each bar: select * from market.candle_gaps order by timestamp_utc, pair")
