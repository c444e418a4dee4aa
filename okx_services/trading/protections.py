"""The protections of the backtest, asked with what was really traded: our fills, and the equity of our runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pandas as pd

from okx_core.decisions.protections import Protections
from okx_core.decisions.verdicts import verdicts
from okx_core.market.instruments import Instrument
from okx_core.trading.positions import closed_trades
from okx_services.trading.reconciliation import HeldPosition, dust_of, stored_fills
from resources.postgres.database import Database

EXIT_REASON = "decided"  # no stop: exits are decided at the close of an hour


def refused_pairs(
    database: Database, instruments: Mapping[str, Instrument], held: Mapping[str, HeldPosition], pairs: Sequence[str],
    now: datetime, protections: Protections,
) -> dict[str, str]:  # fmt: skip
    """Why each of `pairs` may not be bought now by a protection, of those that one refuses."""
    if not protections.is_on:
        return {}
    entered = [one.position.opened_at for one in held.values() if one.position.opened_at is not None]
    reasons = verdicts(
        _closed(database, instruments), _equity(database, now - timedelta(hours=protections.history_hours)), now,
        pairs, protections, entered,
    )  # fmt: skip
    return {pair: reason for pair, reason in reasons.items() if reason}


def note_equity(
    database: Database, cash_quote: Decimal, held: Mapping[str, HeldPosition], prices: Mapping[str, Decimal],
    now: datetime,
) -> None:  # fmt: skip
    """Keep what cash and positions are worth, quote; unknown while an open position has no price.

    Dust counts where it has a price: that of a pair that is no longer listed must not hide what all the rest is worth.
    """
    known = all(pair in prices or one.position.opened_at is None for pair, one in held.items())
    priced = (one.position.quantity_base * prices[pair] for pair, one in held.items() if pair in prices)
    value = sum(priced, cash_quote) if known else None
    row = {"minute": now.replace(second=0, microsecond=0), "equity_quote": value, "cash_quote": cash_quote}
    database.upsert("trading.equity_minutes", ["minute"], [row])


def _closed(database: Database, instruments: Mapping[str, Instrument]) -> pd.DataFrame:
    rows = [
        (pair, trade.entry_time, trade.exit_time, trade.return_pct, EXIT_REASON)
        for pair, fills in stored_fills(database).items()
        for trade in closed_trades(fills, pair.split("-")[0], dust_of(instruments, pair))
    ]
    return pd.DataFrame(rows, columns=["pair", "entry_time", "exit_time", "return_pct", "exit_reason"])


def _equity(database: Database, since: datetime) -> "pd.Series[float]":
    rows = database.rows(
        "select minute, equity_quote from trading.equity_minutes where minute >= $1 order by minute", (since,)
    )
    index = pd.DatetimeIndex([row["minute"] for row in rows], tz="UTC")
    return pd.Series(
        [float("nan") if row["equity_quote"] is None else float(row["equity_quote"]) for row in rows],
        index=index,
        dtype="float64",
    )
