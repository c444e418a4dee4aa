"""Pairs and times that a Parquet file of recorded candles covers."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

from okx_core.errors import OkxSignalError
from okx_core.hours import HOUR

MIN_COVERAGE = 0.95


class RecordedMarketError(OkxSignalError):
    """The file cannot serve as the tape that was asked for."""


def import_hint(file: Path) -> str:
    """How a tape is made of a file of another form."""
    return f"make a tape of it with `okxsignal import {shlex.quote(str(file))}`"


def covering_pairs(
    tape: Path, start: datetime | None, end: datetime | None, wanted: str | None
) -> tuple[datetime, datetime, tuple[str, ...]]:
    """The stretch and the pairs to play: those asked for, else all that cover at least 95 % of its hours.

    Without `start` or `end` the file's own first and last hour count. The full check of every bar is the
    simulator's, when it loads the tape.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(tape, columns=["pair", "timestamp_utc"])
    except (pa.ArrowInvalid, OSError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise RecordedMarketError(
            f"{tape} is not a Parquet file with pair and timestamp_utc ({reason}): {import_hint(tape)}"
        ) from None
    kind = table.schema.field("timestamp_utc").type
    if not pa.types.is_timestamp(kind) or kind.tz is None:
        raise RecordedMarketError(
            f"{tape}: timestamp_utc is {kind}, it must be a UTC timestamp: {import_hint(tape)}"
        )
    if table.num_rows == 0:
        raise RecordedMarketError(f"{tape} holds no rows")
    first, last = (pc.min(table["timestamp_utc"]).as_py(), pc.max(table["timestamp_utc"]).as_py())
    begin = start or first.astimezone(UTC)
    stop = end or last.astimezone(UTC) + HOUR
    if begin >= stop:
        raise RecordedMarketError(
            f"--from {begin:%Y-%m-%d %H:%M} is not before --to {stop:%Y-%m-%d %H:%M}; {tape.name} spans "
            f"{first:%Y-%m-%d} to {last:%Y-%m-%d}: choose days in order and inside it"
        )
    inside = table.filter(
        pc.and_(
            pc.greater_equal(table["timestamp_utc"], pa.scalar(begin, table["timestamp_utc"].type)),
            pc.less(table["timestamp_utc"], pa.scalar(stop, table["timestamp_utc"].type)),
        )
    )
    hours = (stop - begin) / HOUR
    counts = {row["values"]: row["counts"] for row in pc.value_counts(inside["pair"]).to_pylist()}
    if wanted is not None:
        pairs = tuple(part.strip().upper() for part in wanted.split(",") if part.strip())
        absent = [pair for pair in pairs if pair not in counts]
        if absent:
            raise RecordedMarketError(
                f"{tape.name} has no bar of {', '.join(absent)} from {begin:%Y-%m-%d} to {stop:%Y-%m-%d}; "
                f"it has {', '.join(sorted(counts)) or 'nothing'} then"
            )
        return begin, stop, pairs
    pairs = tuple(sorted(pair for pair, count in counts.items() if count >= MIN_COVERAGE * hours))
    if not pairs:
        raise RecordedMarketError(
            f"no pair of {tape.name} covers {begin:%Y-%m-%d} to {stop:%Y-%m-%d}; the file spans "
            f"{first:%Y-%m-%d} to {last:%Y-%m-%d}: choose other days or name --pairs"
        )
    return begin, stop, pairs
