"""The candle contract as a pandera schema: what every stored bar must keep, whoever wrote it."""

from typing import TYPE_CHECKING

import pandas as pd

from okx_core.candles.rules import HOUR, broken_rules

if TYPE_CHECKING:
    import pandera.pandas as pa


def candle_contract(bar: pd.Timedelta = HOUR) -> "pa.DataFrameSchema":
    """Keys known and unique, prices known, and no row that breaks a rule of `broken_rules`."""
    import pandera.pandas as pa

    def keeps_rules(rows: pd.DataFrame) -> "pd.Series[bool]":
        kept = pd.Series(True, index=rows.index)
        for _, broken in broken_rules(rows, bar):
            kept &= ~broken
        return kept

    keys = {"pair": pa.Column(nullable=False), "timestamp_utc": pa.Column(nullable=False)}
    prices = {name: pa.Column(float) for name in ("open", "high", "low", "close")}
    volumes = {name: pa.Column(float, nullable=True) for name in ("volume", "quote_volume")}
    rules = pa.Check(keeps_rules, name="candle rules", error="breaks a rule of the candle contract")
    return pa.DataFrameSchema({**keys, **prices, **volumes}, rules, unique=["pair", "timestamp_utc"])


def contract_violations(rows: pd.DataFrame, bar: pd.Timedelta = HOUR) -> list[str]:
    """Violations of the contract in stored rows: the rules by name with their counts; empty when there are none."""
    from pandera.errors import SchemaErrors

    rows = rows.reset_index(drop=True)  # pandera names rows by their index
    try:
        candle_contract(bar).validate(rows, lazy=True)
    except SchemaErrors as error:
        named = {text: int(broken.sum()) for text, broken in broken_rules(rows, bar) if broken.any()}
        schema = error.failure_cases["check"].astype(str).unique()
        return [f"{text} ({count})" for text, count in named.items()] or sorted(schema)
    return []
