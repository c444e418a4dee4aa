"""What was evaluated on a file counts by its content, once, and by nothing else."""

from pathlib import Path

import pytest

from okx_core.errors import OkxSignalError
from okx_core.models.members import MEMBERS
from okx_services.research.trials import tried_before, variant_names
from resources.evaluated_files import note_variants, variants_tried

RIDGE, LIGHT = MEMBERS["ridge_rank_24h"], MEMBERS["lightgbm_rank_24h"]


def test_variants_are_kept_by_what_the_file_holds_whatever_its_name(tmp_path: Path) -> None:
    first, copy, other = (tmp_path / name for name in ("a.parquet", "b.parquet", "c.parquet"))
    first.write_bytes(b"candles")
    copy.write_bytes(b"candles")
    other.write_bytes(b"others")
    note_variants(tmp_path / "home", first, ["one"])
    note_variants(tmp_path / "home", copy, ["two", "one"])
    assert variants_tried(tmp_path / "home", first) == {"one", "two"}
    assert variants_tried(tmp_path / "home", other) == set()
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["evaluated_files.json"]


def test_an_evaluation_counts_what_the_home_has_tried_before_and_not_itself_again(tmp_path: Path) -> None:
    candles = tmp_path / "a.parquet"
    candles.write_bytes(b"candles")
    note_variants(tmp_path, candles, variant_names([RIDGE, LIGHT]))
    assert tried_before(candles, tmp_path, [RIDGE, LIGHT], 0) == 0
    assert tried_before(candles, tmp_path, [RIDGE], 0) == 2  # the other member, and their ensemble
    assert tried_before(candles, tmp_path, [RIDGE], 30) == 30
    assert tried_before(None, tmp_path, [RIDGE], 4) == 4


def test_a_ledger_that_cannot_be_read_is_no_empty_one(tmp_path: Path) -> None:
    candles = tmp_path / "a.parquet"
    candles.write_bytes(b"candles")
    (tmp_path / "evaluated_files.json").write_text("{")
    with pytest.raises(OkxSignalError, match=r"evaluated_files\.json cannot be read .* say with --tried"):
        tried_before(candles, tmp_path, [RIDGE], 0)
