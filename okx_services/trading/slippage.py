"""The weekly decision whether a learned model states what our own orders paid better than the book does."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from okx_core.hours import HOUR
from okx_core.market.slippage_model import (
    MIN_ROWS,
    HeldOut,
    fit_slippage,
    slippage_features,
    walk_forward_losses,
)
from okx_services.trading.costs import books, read_market_state
from resources.config.code_version import code_version
from resources.postgres.database import Database
from resources.postgres.queries import query
from resources.registry import served_slippage
from resources.registry.new_version import NewVersion
from resources.registry.served_slippage import SLIPPAGE_DESCRIPTION, SLIPPAGE_MODEL, ServedSlippage
from resources.registry.tracking import Tracking

TABLE = "ml.slippage_models"
MIN_ORDERS = 2 * MIN_ROWS
MIN_HELD_OUT = 100
MIN_DAYS = 10
MIN_T = 2.0
EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class SlippageDecision:
    """The decision of a week; losses are mean pinball losses in bps, NaN where nothing was held out."""

    week: date
    orders: int
    held_out: int
    model_loss: float
    book_loss: float
    t: float
    in_charge: bool
    reason: str
    version: int | None = None

    def row(self, now: datetime) -> dict[str, Any]:
        """As `ml.slippage_models` holds it."""
        return {
            "week": self.week, "model_version": self.version, "fills": self.orders, "held_out_fills": self.held_out,
            "model_loss_bps": _known(self.model_loss), "book_loss_bps": _known(self.book_loss),
            "difference_t": _known(self.t), "in_charge": self.in_charge, "reason": self.reason, "decided_at": now,
        }  # fmt: skip


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def decide_slippage(
    database: Database, tracking: Tracking, weeks: Sequence[date], now: datetime, run_id: str
) -> list[SlippageDecision]:
    """Decide on each week with the orders that were filled before it; a model is registered where one can be tested.

    Raises TrackingError.
    """
    return [_decide(database, tracking, week, now, run_id) for week in sorted(weeks)]


def _decide(
    database: Database, tracking: Tracking, week: date, now: datetime, run_id: str
) -> SlippageDecision:
    orders = own_orders(database, datetime(week.year, week.month, week.day, tzinfo=UTC))
    decision = decide_on(week, orders)
    if decision.held_out:
        held = database.rows(f"select * from {TABLE} where week = $1 and fills = $2", (week, len(orders)))  # noqa: S608
        known = held[0]["model_version"] if held else None
        version = known if known is not None else _register(tracking, decision, orders, run_id)
        decision = replace(decision, version=version)
    database.upsert(TABLE, ["week"], [decision.row(now)])
    return decision


def own_orders(database: Database, until: datetime) -> pd.DataFrame:
    """Own orders filled before `until`, with what they paid and the book and market of their hour.

    slippage_bps is the distance of the average price from the mid at which the order was sent, positive when it cost.
    Orders whose arrival mid or book is unknown are left out.
    """
    orders = database.frame(query("own_order_slippage"), (until,))
    if orders.empty:
        return orders.assign(slippage_bps=np.empty(0))
    first, last = (moment.to_pydatetime() for moment in orders["timestamp_utc"].agg(["min", "max"]))
    start, end = first, last + HOUR
    state = read_market_state(database, start, end)
    rows = orders.merge(state, how="left", on=["pair", "timestamp_utc"])
    rows = books(database, rows, state, start, end)
    side = np.where(rows["is_buy"], 1.0, -1.0)
    rows["slippage_bps"] = side * (rows["average_price"] / rows["arrival_mid"] - 1.0) * 1e4
    known = rows[["slippage_bps", "book_spread_bps", "book_depth_quote"]].notna().all(axis=1)
    return rows[known].sort_values(["timestamp_utc", "pair"], ignore_index=True)


def decide_on(week: date, orders: pd.DataFrame) -> SlippageDecision:
    """Whether a model of these orders replaces the book: a lower pinball loss on orders that it did not know."""
    unknown = float("nan")
    if len(orders) < MIN_ORDERS:
        reason = f"the book stays: {len(orders)} own orders with a known arrival mid, {MIN_ORDERS} are needed"
        return SlippageDecision(
            week, len(orders), 0, unknown, unknown, unknown, in_charge=False, reason=reason
        )
    losses = walk_forward_losses(orders)
    if losses is None:
        reason = "the book stays: all own orders are of the same time, none can be held out"
        return SlippageDecision(
            week, len(orders), 0, unknown, unknown, unknown, in_charge=False, reason=reason
        )
    model, book, t = float(losses.model_loss.mean()), float(losses.book_loss.mean()), day_t(losses)
    held_out = len(losses.model_loss)
    words = (
        f"pinball loss {model:.2f} bps of the model, {book:.2f} of the book on {held_out} orders, t {t:.1f}"
    )
    better = held_out >= MIN_HELD_OUT and model < book and t >= MIN_T
    needed = f"needed: less than the book on {MIN_HELD_OUT} orders of {MIN_DAYS} days with t >= {MIN_T:g}"
    reason = f"the model replaces the book: {words}" if better else f"the book stays: {words}; {needed}"
    return SlippageDecision(week, len(orders), held_out, model, book, t, in_charge=better, reason=reason)


def day_t(losses: HeldOut) -> float:
    """t of the mean daily difference of book loss and model loss; NaN with fewer than MIN_DAYS days."""
    daily = (
        pd.Series(losses.book_loss - losses.model_loss).groupby(losses.hours.dt.floor("D").to_numpy()).mean()
    )
    if len(daily) < MIN_DAYS or not daily.std() > 0:
        return float("nan")
    return float(daily.mean() / (daily.std() / np.sqrt(len(daily))))


def _register(tracking: Tracking, decision: SlippageDecision, orders: pd.DataFrame, run_id: str) -> int:
    model = fit_slippage(orders)
    example = slippage_features(orders).tail(EXAMPLE_ROWS)
    limits = "It knows the sizes of our own orders; a larger one costs what the shape of the book adds."
    return tracking.register(
        NewVersion(
            model_name=SLIPPAGE_MODEL,
            model_description=SLIPPAGE_DESCRIPTION,
            run_name=f"{decision.week} slippage",
            description=f"Fitted to {len(orders)} own orders before {decision.week}; {decision.reason}.\n\n{limits}",
            files=served_slippage.files_of(model),
            loader=served_slippage.__name__,
            example=example,
            prediction=ServedSlippage(model).predict(example),
            requirements=("lightgbm", "numpy", "pandas", "numba"),
            metrics={
                "model_loss_bps": decision.model_loss,
                "book_loss_bps": decision.book_loss,
                "t": decision.t,
            },
            tags={"week": f"{decision.week}", "dagster_run_id": run_id, "code_version": code_version()},
        )
    ).version
