"""How the feed is, written by one process and read by others."""

from datetime import UTC, datetime
from pathlib import Path

from okx_jobs.cli.doctor import _live_feed
from okx_services.ingest.feed_health import DISCONNECTED, HEALTHY, FeedHealth, HealthFile, health_file

NOW = datetime(2026, 1, 1, 12, 0, 5, tzinfo=UTC)
WELL = FeedHealth(HEALTHY, pairs=12, connects=3, last_push_at="2026-01-01T12:00:01+00:00")


def test_it_reads_back_as_it_was_written(tmp_path: Path) -> None:
    file = HealthFile(tmp_path / "home" / "feed.json")
    assert file.read() is None
    file.write(WELL)
    assert file.read() == WELL
    file.clear()
    file.clear()
    assert file.read() is None


def test_it_is_one_line_for_people() -> None:
    assert WELL.words(NOW) == "healthy, last push 4 s ago, 2 reconnects"
    ill = FeedHealth(
        DISCONNECTED, "connection closed", newest_bar="2026-01-01T11:00:00+00:00", delay_seconds=0.42
    )
    assert ill.words(NOW) == (
        "disconnected (connection closed), newest bar 2026-01-01T11:00, stored 0.4 s after its close, 0 reconnects"
    )


def test_the_doctor_says_what_to_do_when_it_is_disconnected(tmp_path: Path) -> None:
    assert not _live_feed(tmp_path).remedy
    health_file(tmp_path).write(WELL)
    assert not _live_feed(tmp_path).remedy
    health_file(tmp_path).write(FeedHealth(DISCONNECTED, "connection closed"))
    assert "live-feed.log" in _live_feed(tmp_path).remedy
