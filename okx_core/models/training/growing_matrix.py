"""A matrix that grows by rows in place: what is put below one another part by part is held once, not twice."""

import numpy as np

from okx_core.models.ranks import Matrix


class GrowingMatrix:
    """Rows of `columns` values, float32. `expected` rows are kept free from the start; memory is taken as they fill.

    Parts of one size each in a list, joined at the end, take twice the memory: freed, they stay with the process.
    """

    def __init__(self, columns: int, expected: int) -> None:
        self._values = np.empty((max(expected, 1), columns), dtype=np.float32)
        self._filled = 0

    def add(self, rows: Matrix) -> None:
        """Put rows below those that are there."""
        end = self._filled + len(rows)
        if end > len(self._values):
            grown = np.empty((max(end, len(self._values) * 5 // 4), self._values.shape[1]), dtype=np.float32)
            grown[: self._filled] = self._values[: self._filled]
            self._values = grown
        self._values[self._filled : end] = rows
        self._filled = end

    @property
    def rows(self) -> Matrix:
        """All rows so far, a view."""
        return self._values[: self._filled]
