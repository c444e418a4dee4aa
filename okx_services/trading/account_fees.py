"""The account's own fees: read from the exchange by the process that trades, kept with the moment of the reading."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import numpy as np
import pandas as pd

from okx_core.market.fees import TAKER_FEE_RATE
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError
from resources.okx.rows.account import TradeFee
from resources.okx.rows.instruments import InstrumentRow
from resources.postgres.database import Database
from resources.postgres.queries import query


def record_fees(
    database: Database, client: OkxClient, listings: Sequence[InstrumentRow], now: datetime
) -> str:
    """Read and keep the fee of every listed pair; why they could not be read, empty when they were.

    A reading that equals the last one only moves its `last_read_at`. A fee that cannot be read leaves what was known.
    """
    try:
        answer = client.trade_fee("SPOT")
    except OkxError as error:
        return f"the account's fees could not be read: {error}"
    rows, unknown = [], []
    for listing in listings:
        taker = taker_rate(answer, listing.group_id)
        if taker is None:
            unknown.append(listing.inst_id)
        elif listing.inst_id:
            rows.append((listing.inst_id, now, taker, maker_rate(answer, listing.group_id), listing.group_id))
    frame = pd.DataFrame(rows, columns=["pair", "read_at", "taker_rate", "maker_rate", "fee_group"])
    frame = frame.assign(fee_level=answer.level, last_read_at=now)
    with database.bulk() as bulk:
        bulk.stage("read_fees", "trading.account_fees", frame)
        bulk.run(query("keep_account_fees"))
    return f"no fee for {', '.join(sorted(unknown))}" if unknown else ""


def taker_rate(answer: TradeFee, group_id: str) -> Decimal | None:
    """The taker fee of a pair's group; of a pair without a known group the dearest one. None where none is stated."""
    return _dearest(answer, group_id, "taker_rate")


def maker_rate(answer: TradeFee, group_id: str) -> Decimal | None:
    """The same of the maker fee; negative is a rebate."""
    return _dearest(answer, group_id, "maker_rate")


def _dearest(answer: TradeFee, group_id: str, name: str) -> Decimal | None:
    everything = [*answer.groups, answer]
    own = [group for group in answer.groups if group_id and group.group_id == group_id]
    stated = [getattr(one, name) for one in own or everything]
    paid = [-rate for rate in stated if rate is not None]  # OKX states a paid fee as negative
    return max(paid) if paid else None


def current_fees(database: Database) -> dict[str, float]:
    """The taker fee of each pair by the newest reading, as a fraction."""
    rows = database.rows(
        "select distinct on (pair) pair, taker_rate from trading.account_fees order by pair, read_at desc"
    )
    return {row["pair"]: float(row["taker_rate"]) for row in rows}


def with_fees(database: Database, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` (pair, timestamp_utc) with taker_fee_rate; NaN for a pair whose fee was never read.

    The newest reading before the hour closed; of an hour before the first reading that one, for a fee is a condition
    of the account and says nothing of the market.
    """
    known = database.frame(
        "select pair, read_at, taker_rate::float8 as rate from trading.account_fees order by read_at"
    )
    if known.empty:
        return rows.assign(taker_fee_rate=np.nan)
    known["read_at"] = known["read_at"].astype(rows["timestamp_utc"].dtype)
    keyed = rows[["pair", "timestamp_utc"]].assign(
        row=np.arange(len(rows)), read_at=rows["timestamp_utc"] + pd.Timedelta(hours=1)
    )
    joined = pd.merge_asof(keyed.sort_values("read_at"), known, on="read_at", by="pair").sort_values("row")
    first = known.groupby("pair")["rate"].first()
    rates = joined["rate"].fillna(joined["pair"].map(first)).to_numpy(np.float64)
    return rows.assign(taker_fee_rate=rates)


def dearest_fee(database: Database) -> float:
    """The fee that is charged in a backtest where a pair's own is unknown: never less than the dearest known."""
    known = database.scalar("select max(taker_rate) from trading.account_fees")
    return max(TAKER_FEE_RATE, float(known or 0.0))


def fee_words(database: Database) -> str:
    """One line about the fees that costs rest on."""
    row = database.rows(query("account_fee_summary"))[0]
    if row["pairs"] == 0:
        return f"the account's fees were never read: {100 * TAKER_FEE_RATE:.2f} % a side is assumed"
    low, high = (100 * float(row[name]) for name in ("lowest", "highest"))
    span = f"{low:.3f} %" if low == high else f"{low:.3f} to {high:.3f} %"
    return f"taker {span} a side on {row['pairs']} pairs, read {row['read_at']:%Y-%m-%d %H:%M}"
