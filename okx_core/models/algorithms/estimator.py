"""What every fitted algorithm can do, and arrays to bytes and back."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from okx_core.models.ranks import Floats, Matrix

__all__ = ["Budget", "Estimator", "Floats", "Matrix", "arrays_from", "bytes_of"]


@dataclass(frozen=True)
class Budget:
    """Size of a fit, common to all algorithms; the defaults favour few, shallow, well-filled trees on noisy returns."""

    trees: int = 120
    learning_rate: float = 0.05
    depth: int = 4
    min_rows_per_leaf: int = 200
    feature_fraction: float = 0.6
    row_fraction: float = 0.7
    l2: float = 10.0
    bins: int = 63
    seed: int = 7
    threads: int = 1


class Estimator(Protocol):
    """A fitted algorithm. `matrix` is float32 [rows, features] in the order of the fit, NaN where unknown."""

    def predict(self, matrix: Matrix) -> Floats:
        """Scores [rows]."""

    def contributions(self, matrix: Matrix) -> Floats:
        """What each feature adds to the score, and the base last [rows, features + 1]; a row sums to its score."""

    def to_bytes(self) -> bytes:
        """The estimator as bytes, which the loader of its algorithm reads."""


def bytes_of(arrays: Mapping[str, npt.NDArray[np.generic]]) -> bytes:
    """Named arrays as an npz archive; the same arrays give the same bytes, and reading it runs no code."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def arrays_from(data: bytes) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of `bytes_of`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}
