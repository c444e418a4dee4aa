"""`okxsignal why-not` reads the stored signals and prints who was kept from trading, and by what."""

from datetime import UTC, datetime

import pandas as pd
from rich.console import Console

from okx_jobs.cli.research.why_not import print_why_not
from okx_services.reports.signals import GATES

HOUR = datetime(2026, 1, 4, 7, tzinfo=UTC)


def printed(database, pair: str | None = None) -> str:
    console = Console(width=200, record=True)
    print_why_not(database, pair, 7, console)
    return console.export_text()


def test_a_home_without_signals_says_how_to_get_some(database) -> None:
    assert "run `okxsignal run-hour`" in printed(database)


def test_stored_signals_are_counted_by_pair_day_and_gate(database) -> None:
    rows = pd.DataFrame(
        {"pair": ["A-USDT", "B-USDT"], "timestamp_utc": HOUR, "predicted_excess_pct": [0.3, 0.1]}
    )
    rows = rows.assign(
        **dict.fromkeys(GATES, "pass"), tradable=True, risk_multiplier=1.0, model_name="m", model_version=1, live=True,
        book_source="modelled",
    )  # fmt: skip
    rows.loc[1, ["gate_fee", "tradable"]] = ["expected 0.10 % < cost 0.26 %", False]
    database.replace_window("trading.signals", rows, HOUR, datetime(2026, 1, 4, 8, tzinfo=UTC))
    text = printed(database)
    assert "Of 2 signals each gate rejects, first or not: fee 1" in text
    assert "expected 0.10 % < cost 0.26 %" in text
    own = printed(database, "B-USDT")
    assert "1 of 1" in own
    assert "expected 0.10 % < cost 0.26 %" in own
