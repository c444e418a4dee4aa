"""Which variants were evaluated on which file of candles: they count against the best, as those of a home do."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from okx_core.errors import OkxSignalError

LEDGER = "evaluated_files.json"
BLOCK = 1 << 20


def variants_tried(home: Path, candles: Path) -> set[str]:
    """The variants that this home has evaluated on a file of this content, whatever its name.

    Raises OkxSignalError for a ledger that cannot be read.
    """
    return set(_read(home).get(_digest(candles), []))


def note_variants(home: Path, candles: Path, variants: Iterable[str]) -> None:
    """Add variants to those tried on the file; the ledger is replaced whole or not at all."""
    ledger, digest = _read(home), _digest(candles)
    ledger[digest] = sorted({*ledger.get(digest, []), *variants})
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / f"{LEDGER}.{os.getpid()}"
    fresh.write_text(json.dumps(ledger, indent=1), encoding="utf-8")
    fresh.replace(home / LEDGER)


def _read(home: Path) -> dict[str, list[str]]:
    path = home / LEDGER
    try:
        found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise OkxSignalError(
            f"{path} cannot be read ({error}): put it back from a backup, or remove it and say with --tried how many "
            "variants were tried"
        ) from error
    return found


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
