"""Orders, fills and positions as tables: fetched from the exchange, reconciled with its balances."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from okx_core.market.instruments import Instrument
from okx_core.trading.positions import SpotPosition, position_from_fills
from resources.okx.client import OkxClient
from resources.okx.rows.orders import Fill, OrderRecord
from resources.postgres.database import Database

ZERO = Decimal(0)


@dataclass(frozen=True)
class HeldPosition:
    """A pair's position, and why it is locked; empty when it is not."""

    position: SpotPosition
    rejection_reason: str


def record_order(database: Database, client: OkxClient, order: OrderRecord) -> None:
    """Store the order and its fills as the exchange reports them."""
    fills = client.fills(order.inst_id, order_id=order.order_id)
    database.upsert("trading.orders", ["order_id"], [_order_row(order)])
    database.upsert("trading.fills", ["pair", "trade_id", "side"], [_fill_row(fill) for fill in fills])


def stored_positions(database: Database, instruments: Mapping[str, Instrument]) -> dict[str, SpotPosition]:
    """Positions of every pair that ever had a fill, from trading.fills. Dust below a lot counts as flat."""
    return {
        pair: position_from_fills(fills, pair.split("-")[0], dust_of(instruments, pair))
        for pair, fills in stored_fills(database).items()
    }


def dust_of(instruments: Mapping[str, Instrument], pair: str) -> Decimal:
    """The quantity of a pair that counts as flat; 0 of one that the exchange does not list."""
    return instruments[pair].dust_base if pair in instruments else ZERO


def stored_fills(database: Database) -> dict[str, list["StoredFill"]]:
    """Every fill of trading.fills by pair, in time order."""
    by_pair: dict[str, list[StoredFill]] = defaultdict(list)
    for row in database.rows("select * from trading.fills order by filled_at, length(trade_id), trade_id"):
        by_pair[row["pair"]].append(StoredFill(**{name: row[name] for name in StoredFill.__annotations__}))
    return by_pair


def reconcile(
    database: Database,
    positions: Mapping[str, SpotPosition],
    instruments: Mapping[str, Instrument],
    balances: Mapping[str, Decimal],
    prices: Mapping[str, Decimal],
    now: datetime,
) -> dict[str, HeldPosition]:
    """Compare our positions with the balances at the exchange, store both, lock what disagrees."""
    held = {}
    rows = []
    for pair, position in sorted(positions.items()):
        actual = balances.get(pair.split("-")[0], ZERO)
        tolerance = instruments[pair].tolerance_base if pair in instruments else ZERO
        lock = ""
        if abs(actual - position.quantity_base) > tolerance:
            lock = f"our fills say {position.quantity_base}, the exchange holds {actual}"
        held[pair] = HeldPosition(position, lock)
        rows.append(_position_row(pair, position, actual, prices.get(pair), lock, now))
    database.upsert("trading.positions", ["pair"], rows)
    return held


@dataclass(frozen=True)
class StoredFill:
    """A row of trading.fills, as positions are made of it."""

    side: str
    price: Decimal
    size_base: Decimal
    fee: Decimal
    fee_currency: str
    filled_at: datetime


def _position_row(
    pair: str, position: SpotPosition, actual: Decimal, price: Decimal | None, lock: str, now: datetime
) -> dict[str, Any]:
    return {
        "pair": pair,
        "quantity_base": position.quantity_base,
        "exchange_quantity_base": actual,
        "average_price": position.average_price,
        "cost_quote": position.cost_quote,
        "realised_pnl_quote": position.realised_pnl_quote,
        "fees_quote": position.fees_quote,
        "mark_price": price,
        "unrealised_pnl_quote": None if price is None else position.unrealised_pnl(price),
        "opened_at": position.opened_at,
        "locked": bool(lock),
        "rejection_reason": lock,
        "as_of": now.astimezone(UTC),
    }


def _order_row(order: OrderRecord) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "client_order_id": order.client_order_id,
        "pair": order.inst_id,
        "side": order.side,
        "order_type": order.order_type,
        "state": order.state,
        "size_base": order.size,
        "filled_base": order.filled_size,
        "average_price": order.average_price,
        "fee": order.fee if order.fee is not None else Decimal(0),
        "fee_currency": order.fee_currency,
        "created_at": order.created_at,
        "updated_at": order.updated_at,
    }


def _fill_row(fill: Fill) -> dict[str, Any]:
    return {
        "pair": fill.inst_id,
        "trade_id": fill.trade_id,
        "side": fill.side,
        "order_id": fill.order_id,
        "client_order_id": fill.client_order_id,
        "price": fill.price,
        "size_base": fill.size,
        "fee": fill.fee,
        "fee_currency": fill.fee_currency,
        "filled_at": fill.filled_at,
    }
