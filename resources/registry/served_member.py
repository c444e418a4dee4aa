"""A member as MLflow serves it: its specification and bytes as files, read back without pickle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from okx_core.models.members import Fitted, MemberError, MemberSpec, load_member
from okx_core.models.training_range import TrainingRange
from okx_core.models.walk_forward import scores_of

SPECIFICATION, DATA, RANGE = "member.json", "member.bin", "training_range.npz"
REMEDY = "put another version in charge with `okxsignal promote`, or train a new one with `okxsignal train`"


def files_of(fitted: Fitted) -> dict[str, bytes]:
    """The files of a member; equal fits give equal files where the algorithm's own bytes are equal."""
    binary = {DATA: fitted.to_bytes()}
    if fitted.training_range is not None:
        binary[RANGE] = fitted.training_range.to_bytes()
    words = {
        "specification": asdict(fitted.spec), "features": list(fitted.names),
        "sha256": {name: _digest(data) for name, data in binary.items()},
    }  # fmt: skip
    return {SPECIFICATION: json.dumps(words, indent=1).encode(), **binary}


def member_from(files: Mapping[str, bytes]) -> Fitted:
    """The member of `files_of`. Raises MemberError for files that are missing, damaged, or of other software.

    No library reads bytes that are not those that were written: some end the process over them. Versions that were made
    before digests were kept are read as they are.
    """
    missing = [name for name in (SPECIFICATION, DATA) if name not in files]
    if missing:
        raise MemberError(f"{missing[0]} is missing among its files; {REMEDY}")
    try:
        words = json.loads(files[SPECIFICATION])
        kept: Mapping[str, str] = words.get("sha256", {})
        damaged = [name for name, digest in kept.items() if _digest(files.get(name, b"")) != digest]
        if damaged:
            raise MemberError(f"{damaged[0]} is not what was written when it was trained; {REMEDY}")
        spec = MemberSpec.from_json(words["specification"])
        ranged = TrainingRange.from_bytes(files[RANGE]) if RANGE in files else None
        return replace(load_member(spec, words["features"], files[DATA]), training_range=ranged)
    except MemberError:
        raise
    except Exception as error:  # each library has errors of its own for bytes that it cannot read
        raise MemberError(f"its files cannot be read: {type(error).__name__} {error}; {REMEDY}") from error


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class ServedMember:
    """Predicts a frame whose rows are the pairs of one hour: ranked members rank them among each other."""

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted

    def predict(self, model_input: pd.DataFrame) -> Any:
        """Scores [rows]; the columns must be those of the fit, in any order."""
        matrix = model_input[[n for n in self.fitted.names if n in model_input]].to_numpy(np.float32)
        names = [n for n in self.fitted.names if n in model_input]
        return scores_of(self.fitted, matrix, names, np.zeros(len(matrix), np.int64))


def _load_pyfunc(path: str) -> ServedMember:
    """MLflow's entry point."""
    return ServedMember(member_from({file.name: file.read_bytes() for file in Path(path).iterdir()}))
