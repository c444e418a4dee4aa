"""How the feed is, in a file of the home that other processes read."""

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

STARTING, WAITING, REPAIRING, HEALTHY, DISCONNECTED = (
    "starting",
    "waiting",
    "repairing",
    "healthy",
    "disconnected",
)
# The feed writes at least this often while it runs.
WRITTEN_EVERY_SECONDS = 10.0


@dataclass
class FeedHealth:
    """`disconnected`: no connection; `repairing`: connected again, the missed bars are not fetched yet.

    Times are ISO-8601 UTC. `delay_seconds` is the time from the close of the newest pushed bar until it
    was stored, by the exchange's clock.
    """

    state: str = STARTING
    reason: str = ""
    pairs: int = 0
    connects: int = 0
    last_push_at: str = ""
    newest_bar: str = ""
    delay_seconds: float | None = None
    streamed: int = 0
    fetched: int = 0
    revised: int = 0
    malformed: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def reconnects(self) -> int:
        return max(self.connects - 1, 0)

    def words(self, now: datetime) -> str:
        """One line for people."""
        parts = [self.state + (f" ({self.reason})" if self.reason and self.state != HEALTHY else "")]
        if self.last_push_at:
            age = (now - datetime.fromisoformat(self.last_push_at)).total_seconds()
            parts.append(f"last push {age:.0f} s ago")
        if self.newest_bar:
            parts.append(f"newest bar {self.newest_bar[:16]}")
        if self.delay_seconds is not None:
            parts.append(f"stored {self.delay_seconds:.1f} s after its close")
        parts.append(f"{self.reconnects} reconnects")
        return ", ".join(parts)


@dataclass(frozen=True)
class HealthFile:
    """Where the feed's health is kept."""

    path: Path

    def write(self, health: FeedHealth) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.path.with_suffix(".new")
        scratch.write_text(json.dumps(asdict(health)), encoding="utf-8")
        scratch.replace(self.path)

    def read(self) -> FeedHealth | None:
        """The health as last written; None before the first time."""
        try:
            return FeedHealth(**json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        self.path.unlink(missing_ok=True)


def health_file(home: Path) -> HealthFile:
    return HealthFile(home / "live_feed.json")


def utc_now() -> datetime:
    return datetime.now(UTC)
