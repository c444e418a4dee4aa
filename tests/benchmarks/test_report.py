"""What RESULTS.md says, and the arithmetic of the floor. The measuring itself is not tested: it is a measurement."""

from datetime import UTC, datetime

import pytest

from benchmarks.hour_rows import floor_seconds
from benchmarks.report import Benchmark, document, table
from benchmarks.rounds import medians

ROWS = [
    {"name": "write", "peer": "to_sql", "ours_ns_per_row": 100.0, "peer_ns_per_row": 1_250.0, "ratio": 12.5},
    {"name": "requests of the hour", "peer": "50 GET /market/candles"},
]


def test_a_row_shows_its_ratio_first_and_a_note_stands_below_the_table() -> None:
    lines = list(table(ROWS, "ns_per_row"))
    assert lines[2] == "| write | to_sql | **12.50** | 100.0 | 1,250.0 |"
    assert lines[-1] == "\nRequests of the hour: 50 GET /market/candles."


def test_the_document_names_the_versions_and_every_benchmark() -> None:
    benchmark = Benchmark("Candles", "Ratio: theirs over ours.", "ns_per_row", lambda: ROWS)
    text = document({benchmark.title: (benchmark, ROWS)}, datetime(2026, 1, 2, tzinfo=UTC))
    assert "## Candles" in text
    assert "TA-Lib 0." in text
    assert "missing" not in text
    assert "2026-01-02" in text


@pytest.mark.parametrize(
    ("sent", "seconds"), [(0, 0.0), (1, 0.0), (40, 0.0), (41, 2.0), (50, 2.0), (300, 14.0)]
)
def test_the_floor_counts_the_windows_after_the_first(sent: int, seconds: float) -> None:
    assert floor_seconds("GET /market/candles", sent) == seconds


def test_sides_take_turns_and_the_warm_up_does_not_count() -> None:
    calls: list[str] = []
    times = medians({"ours": lambda: calls.append("o"), "peer": lambda: calls.append("p")}, rounds=3)
    assert "".join(calls) == "opopopop"
    assert set(times) == {"ours", "peer"}
