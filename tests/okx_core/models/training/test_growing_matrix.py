"""A matrix that grows holds what was put into it, in order, whatever number of rows was expected."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from okx_core.models.training.growing_matrix import GrowingMatrix


@given(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=12), expected=st.integers(0, 300))
def test_rows_are_those_that_were_added_in_order(sizes: list[int], expected: int) -> None:
    parts = [np.random.default_rng(n).random((size, 3), dtype=np.float32) for n, size in enumerate(sizes)]
    grown = GrowingMatrix(3, expected)
    for part in parts:
        grown.add(part)
    np.testing.assert_array_equal(grown.rows, np.concatenate(parts))
    assert grown.rows.flags.c_contiguous
