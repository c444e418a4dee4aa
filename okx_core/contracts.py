"""The contract of every table that crosses a stage: declared here once, checked with pandera at the boundary.

A contract names the columns of a table with their type, range and whether they may be NULL, the key, and rules over
whole rows. `require_contract` refuses rows before they are stored; the Dagster UI shows the rules of each column.
Candles have a contract with more rules of their own, see `okx_core.candles.contract`; the 174 features are checked in
one pass, see `okx_core.features.contract`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from okx_core.errors import OkxSignalError

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

SHOWN = 10
TEXT, TIME, NUMBER, WHOLE, FLAG = "text", "time", "number", "whole number", "true or false"


class ContractError(OkxSignalError):
    """Rows break the contract of their table; nothing was stored."""


@dataclass(frozen=True)
class Column:
    """Type and range of a column. `minimum` and `maximum` are inclusive, `above` is exclusive."""

    kind: str
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None

    def rules(self) -> tuple[str, ...]:
        """The rules in words, for people."""
        bounds = ((">=", self.minimum), ("<=", self.maximum), (">", self.above))
        return tuple(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


@dataclass(frozen=True)
class Contract:
    """Columns and key of a table, and rules over its rows: text -> the rows [n] that keep it."""

    key: tuple[str, ...]
    columns: Mapping[str, Column]
    rules: Mapping[str, Callable[["pd.DataFrame"], "pd.Series[bool]"]] = field(default_factory=dict)

    def schema(self) -> "pa.DataFrameSchema":
        """The contract as a pandera schema. Columns that it does not name are allowed."""
        import pandera.pandas as pa

        return pa.DataFrameSchema(
            {name: _pandera_column(column) for name, column in self.columns.items()},
            [pa.Check(keeps, name=text, error=text) for text, keeps in self.rules.items()],
            unique=list(self.key),
        )


def _pandera_column(column: Column) -> "pa.Column":
    import pandera.pandas as pa

    checks = []
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum, error=f">= {column.minimum:g}"))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum, error=f"<= {column.maximum:g}"))
    if column.above is not None:
        checks.append(pa.Check.gt(column.above, error=f"> {column.above:g}"))
    kinds = {NUMBER: float, WHOLE: int, FLAG: bool, TEXT: str}
    if (
        column.kind == WHOLE and column.nullable
    ):  # pandas has several types for whole numbers that may be unknown
        checks.append(pa.Check(lambda values: values.dropna() % 1 == 0, error=WHOLE))
        return pa.Column(None, checks, nullable=True)
    return pa.Column(kinds.get(column.kind), checks, nullable=column.nullable)


def _passes_every_gate(rows: "pd.DataFrame") -> "pd.Series[bool]":
    gates = rows[[name for name in rows.columns if str(name).startswith("gate_")]]
    kept: pd.Series[bool] = rows["tradable"] == (gates == "pass").all(axis=1)
    return kept


PAIR, OPEN = Column(TEXT), Column(TIME)
PRICE, AMOUNT, SHARE = Column(NUMBER, above=0.0), Column(NUMBER, minimum=0.0), Column(NUMBER, nullable=True)
GATE = Column(TEXT)

CONTRACTS: Mapping[str, Contract] = {
    "trading.signals": Contract(
        ("pair", "timestamp_utc"),
        {
            "pair": PAIR,
            "timestamp_utc": OPEN,
            "predicted_excess_pct": Column(NUMBER, nullable=True),
            "excess_probability": Column(NUMBER, nullable=True, minimum=0.0, maximum=1.0),
            "interval_low_pct": Column(NUMBER, nullable=True),
            "interval_high_pct": Column(NUMBER, nullable=True),
            "outside_share": Column(NUMBER, nullable=True, minimum=0.0, maximum=1.0),
            "training_distance": Column(NUMBER, nullable=True, minimum=0.0),
            "turnover_24h_quote": Column(NUMBER, nullable=True, minimum=0.0),
            "taker_fee_rate": Column(NUMBER, nullable=True, maximum=1.0),
            "book_spread_bps": Column(NUMBER, nullable=True, minimum=0.0),
            "book_depth_quote": Column(NUMBER, nullable=True, minimum=0.0),
            "book_source": Column(TEXT),
            **{
                f"gate_{name}": GATE
                for name in (
                    "model",
                    "outside",
                    "distance",
                    "universe",
                    "market",
                    "probability",
                    "fee",
                    "slippage",
                    "liquidity",
                )
            },
            "tradable": Column(FLAG),
            "risk_multiplier": AMOUNT,
            "model_name": Column(TEXT),
            "model_version": Column(WHOLE, nullable=True, minimum=1),
        },
        {"tradable is true exactly where every gate passes": _passes_every_gate},
    ),
    "backtests.trades": Contract(
        ("pair", "entry_time"),
        {
            "pair": PAIR,
            "entry_time": OPEN,
            "exit_time": OPEN,
            "quantity": PRICE,
            "entry_price": PRICE,
            "exit_price": PRICE,
            "pnl_quote": Column(NUMBER),
            "cost_quote": PRICE,
            "fee_quote": AMOUNT,
            "spread_quote": AMOUNT,
            "exit_reason": Column(TEXT),
        },
        {"a position is closed after it was opened": lambda rows: rows["exit_time"] > rows["entry_time"]},
    ),
    "backtests.equity": Contract(
        ("timestamp_utc",),
        {
            "timestamp_utc": OPEN,
            "equity_quote": AMOUNT,
            "cash_quote": Column(NUMBER, minimum=-1e-6),
            "exposure_pct": AMOUNT,
            "cost_quote": AMOUNT,
        },
    ),
}


def contract_violations(contract: Contract, rows: "pd.DataFrame") -> list[str]:
    """Violations of the contract in `rows`, one line per column and rule with its count; empty when there are none."""
    from pandera.errors import SchemaErrors

    if rows.empty:
        return []
    try:
        contract.schema().validate(rows.reset_index(drop=True), lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        counts = cases.groupby(["column", "check"], dropna=False).size()
        return [f"{column}: {check} ({count})" for (column, check), count in counts.items()]
    return []


def require_contract(table: str, rows: "pd.DataFrame") -> None:
    """Refuse rows that break the contract of `table`. Raises ContractError with the column, rule and count."""
    violations = contract_violations(CONTRACTS[table], rows)
    if violations:
        raise ContractError(
            f"{table}: {len(rows)} rows break the contract, nothing was stored: {'; '.join(violations[:SHOWN])}"
        )
