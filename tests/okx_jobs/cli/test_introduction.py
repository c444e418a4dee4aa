"""What the demo says before it begins, and how the summary marks figures of a synthetic market."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from okx_core.hours import Stretch
from okx_jobs.cli.introduction import introduction
from okx_jobs.cli.summary import print_summary
from resources.config.settings import Settings

STRETCH = Stretch(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 8, 9, tzinfo=UTC), 24)


def test_the_demo_says_why_it_is_safe() -> None:
    words = introduction(Settings(), STRETCH)
    assert all(reason in words for reason in ("no real money", "no keys", "no network"))
    assert "the last 24 hours" in words
    assert "strength 1 was planted" in words


def test_it_claims_no_isolation_that_the_settings_have_lifted() -> None:
    words = introduction(Settings(database_url="postgresql://u:secret@db:5432/x"), STRETCH)
    assert "no network" not in words
    assert "your own database is used" in words
    assert "secret" not in words


@pytest.mark.parametrize(
    ("identity", "marks"),
    [("simulated synthetic seed=7 strength=1", 5), ("simulated recorded btc.parquet 0123456789ab", 0)],
)
def test_tables_of_figures_are_marked_when_the_edge_was_planted(database, identity: str, marks: int) -> None:
    database.execute("insert into ops.market_source (identity) values ($1)", (identity,))
    text = StringIO()
    print_summary(Console(file=text, width=200), database, Settings())
    words = " ".join(text.getvalue().split())
    assert words.count("(planted edge, strength 1)") == marks
    assert ("they say nothing about real markets" in words) == bool(marks)
    assert "/assets/backtests/equity" in text.getvalue()
    assert "?workflowType=machine_learning" in text.getvalue()
