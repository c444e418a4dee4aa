"""A member as MLflow serves it: its specification and bytes as files, read back without pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd

from okx_core.models.members import Fitted, MemberError, MemberSpec, load_member
from okx_core.models.training_range import TrainingRange
from okx_core.models.walk_forward import scores_of

SPECIFICATION, DATA, RANGE = "member.json", "member.bin", "training_range.npz"


def files_of(fitted: Fitted) -> dict[str, bytes]:
    """The files of a member; equal fits give equal files where the algorithm's own bytes are equal."""
    words = {"specification": asdict(fitted.spec), "features": list(fitted.names)}
    ranged = {} if fitted.training_range is None else {RANGE: fitted.training_range.to_bytes()}
    return {SPECIFICATION: json.dumps(words, indent=1).encode(), DATA: fitted.to_bytes(), **ranged}


def member_from(files: Mapping[str, bytes]) -> Fitted:
    """The member of `files_of`. Raises MemberError when they are those of another version of this software."""
    try:
        words = json.loads(files[SPECIFICATION])
        spec = MemberSpec.from_json(words["specification"])
        ranged = TrainingRange.from_bytes(files[RANGE]) if RANGE in files else None
        return replace(load_member(spec, words["features"], files[DATA]), training_range=ranged)
    except (KeyError, TypeError, ValueError, BadZipFile) as error:
        raise MemberError(f"these files are no member: {type(error).__name__} {error}") from None


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
