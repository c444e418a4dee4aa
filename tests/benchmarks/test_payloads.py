"""Payload files: typed and written back the same, refused by field, or of an endpoint that is not used."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.payloads.collected import print_table, read_file, read_folder
from benchmarks.payloads.readings import Outcome

ROOT = Path(__file__).parents[2]
SAMPLES = sorted((ROOT / "tests" / "resources" / "okx" / "payloads").glob("*.json"))
COLLECTED = ROOT.parent / "shared" / "okx_payloads"


def expected(name: str) -> Outcome:
    starts = {"refused": Outcome.REFUSED, "unused": Outcome.UNUSED}
    return starts.get(name.split("_")[0], Outcome.TYPED)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_ends_as_its_name_says_and_nothing_goes_untyped(path: Path) -> None:
    readings = read_file(path, "")
    assert {reading.outcome for reading in readings} == {expected(path.stem)}, readings
    assert not any(reading.undeclared for reading in readings)
    assert all("field" in reading.reason for reading in readings if reading.outcome is Outcome.REFUSED)


def test_every_payload_collected_elsewhere_is_typed_or_refused_by_name() -> None:
    """The collection is beside the project, if at all; our own samples are always there."""
    found = read_folder(COLLECTED) if COLLECTED.exists() else []
    assert bool(found) == COLLECTED.exists()
    printed = StringIO()
    print_table(found, Console(file=printed, width=150))
    print(printed.getvalue())
    for item in found:
        assert item.outcome is not Outcome.CHANGED, item
        for reading in item.readings:
            assert reading.outcome is not Outcome.REFUSED or "field" in reading.reason, item.name
            assert item.kind != "live capture" or reading.outcome is not Outcome.REFUSED, reading
