"""What a run of the execution op did, and what is held."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from okx_services.reports.markdown import shown, table
from okx_services.trading.executor import ExecutionReport
from resources.postgres.database import Database

ZERO = Decimal(0)
NEWEST = 12
ORDERS_SQL = "select * from trading.intents order by journaled_at desc limit 20"
FILLS_SQL = "select * from trading.fills order by filled_at desc limit 20"
POSITIONS_SQL = "select * from trading.positions order by pair"
POSITION_HEAD = (
    "pair", "quantity", "average", "mark", "realised", "unrealised", "fees", "locked because",
)  # fmt: skip


def outcome(report: ExecutionReport) -> str:
    """One line: how many orders were placed, and why no more."""
    parts = [f"{report.placed} placed"]
    if report.rejection_reason:
        parts[0] += f", because {report.rejection_reason}"
    parts += [f"{report.rejected} rejected by the exchange"] if report.rejected else []
    parts += [f"{report.unresolved} unresolved"] if report.unresolved else []
    parts += [f"{report.settled} settled"] if report.settled else []
    parts += [f"{len(report.skipped)} skipped"] if report.skipped else []
    if parts == ["0 placed"]:
        parts = ["0 placed, because no signal asked for a trade"]
    return ", ".join(parts)


def decisions_of_run(database: Database, run_id: str) -> list[dict[str, Any]]:
    """The journaled decisions of a run, buys first."""
    return database.rows("select * from trading.intents where run_id = $1 order by side, pair", (run_id,))


def newest_fills(database: Database) -> list[dict[str, Any]]:
    """The newest fills, the newest first."""
    return database.rows("select * from trading.fills order by filled_at desc, trade_id limit $1", (NEWEST,))


def positions(database: Database) -> list[dict[str, Any]]:
    """Every pair that ever had a fill."""
    return database.rows("select * from trading.positions order by pair")


def decision_table(rows: Sequence[dict[str, Any]]) -> str:
    """What was decided, why, and what became of the order."""
    head = ("pair", "side", "size", "price", "expected excess %", "state", "why", "detail")
    return table(head, [
        [row["pair"], row["side"], shown(row["size_base"], 6), shown(row["decision_price"], 6),
         shown(row["predicted_excess_pct"], 3), row["state"], row["reason"], row["detail"]]
        for row in rows
    ])  # fmt: skip


def fill_table(rows: Sequence[dict[str, Any]]) -> str:
    """The fills as the exchange reports them; a fee that was paid is negative."""
    head = ("filled at", "pair", "side", "size", "price", "fee")
    return table(head, [
        [f"{row['filled_at']:%Y-%m-%d %H:%M:%S}", row["pair"], row["side"], shown(row["size_base"], 6),
         shown(row["price"], 6), f"{shown(row['fee'], 6)} {row['fee_currency']}"]
        for row in rows
    ])  # fmt: skip


def totals(rows: Sequence[dict[str, Any]]) -> dict[str, Decimal]:
    """Sums over the positions: profit, fees, and value at the mark price."""
    names = ("realised_pnl_quote", "unrealised_pnl_quote", "fees_quote")
    sums = {name: sum((row[name] or ZERO for row in rows), ZERO) for name in names}
    value = sum((row["quantity_base"] * (row["mark_price"] or ZERO) for row in rows), ZERO)
    return {**sums, "value_quote": value}


def position_cells(row: dict[str, Any]) -> list[str]:
    """One line of the table of positions, without the reason of its lock."""
    return [
        row["pair"], *(shown(row[name], 6) for name in ("quantity_base", "average_price", "mark_price")),
        *(shown(row[name], 2) for name in ("realised_pnl_quote", "unrealised_pnl_quote", "fees_quote")),
    ]  # fmt: skip


def is_dust(row: dict[str, Any]) -> bool:
    """Whether what is left of a closed position is too small to be sold; a locked pair is always listed."""
    return bool(row["quantity_base"]) and row["opened_at"] is None and not row["locked"]


def listed(rows: Sequence[dict[str, Any]]) -> list[list[str]]:
    """The cells of every position but dust, then one line for all dust, so that the sums add up."""
    cells = [position_cells(row) for row in rows if not is_dust(row)]
    dust = [row for row in rows if is_dust(row)]
    if not dust:
        return cells
    sums = totals(dust)
    names = ("realised_pnl_quote", "unrealised_pnl_quote", "fees_quote")
    words = f"dust of {len(dust)} closed pairs" if len(dust) > 1 else f"dust of {dust[0]['pair']}"
    return [*cells, [words, "", "", "", *(shown(sums[name], 2) for name in names)]]


def position_table(rows: Sequence[dict[str, Any]]) -> str:
    """One line per pair but dust; a locked pair is not traded, and the last column says why."""
    reasons = [row["rejection_reason"] for row in rows if not is_dust(row)]
    cells = listed(rows)
    return table(
        POSITION_HEAD, [[*line, reason] for line, reason in zip(cells, [*reasons, ""], strict=False)]
    )
