"""Stored candles keep the contract, or the violation is named and counted."""

import numpy as np
import pandas as pd

from okx_core.candles.contract import contract_violations
from okx_simulator.tape.synthetic import SyntheticTape

VALUES = ("open", "high", "low", "close", "volume", "quote_volume")


def stored() -> pd.DataFrame:
    tape = SyntheticTape(("BTC-USDT",))
    bars = tape.bars("BTC-USDT", tape.start_hour + 300)
    frame = pd.DataFrame(dict(zip(VALUES, bars.values(), strict=True)))
    return frame.assign(pair="BTC-USDT", timestamp_utc=pd.to_datetime(bars.hours * 3600, unit="s", utc=True))


def test_good_bars_break_nothing_and_unknown_turnover_is_none() -> None:
    assert contract_violations(stored()) == []
    assert contract_violations(stored().assign(quote_volume=np.nan)) == []
    assert contract_violations(stored().iloc[:0]) == []


def test_each_breach_is_named_with_its_count() -> None:
    rows = stored()
    rows.loc[[3, 4], "high"] = 0.5
    rows.loc[7, "volume"] = -1.0
    violations = contract_violations(rows)
    assert "high is below low (2)" in violations
    assert "volume is below zero (1)" in violations


def test_a_repeated_bar_and_a_bar_off_the_grid_are_breaches() -> None:
    rows = stored()
    assert any(
        "repeats another row" in text for text in contract_violations(pd.concat([rows, rows.iloc[:1]]))
    )
    rows.loc[5, "timestamp_utc"] += pd.Timedelta(minutes=5)
    assert contract_violations(rows) == ["does not open on a full hour (1)"]
    quarter = pd.Timedelta(minutes=15)
    assert contract_violations(rows, quarter) == ["does not open on a full 15 minutes (1)"]
