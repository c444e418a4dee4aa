"""Gates about the rows that a model was trained on: a row unlike all of them is not traded, whatever is predicted."""

import numpy as np
import pandas as pd

from okx_core.decisions.gates import Gate


def range_gates(frame: pd.DataFrame) -> tuple[Gate, Gate]:
    """Two gates of every row, from outside_share, training_distance and their bounds max_... of the member concerned.

    Unknown figures or bounds fail: the version was made before training ranges were kept, or there is none.
    """
    outside, max_outside, distance, max_distance = (
        frame[name].to_numpy(np.float64)
        for name in ("outside_share", "max_outside_share", "training_distance", "max_training_distance")
    )
    return (
        Gate(
            "gate_outside", "outside_share", outside, max_outside, True,
            lambda value, bound: f"{100 * value:.1f} % of features outside the training range > {100 * bound:.1f} %",
        ),
        Gate(
            "gate_distance", "training_distance", distance, max_distance, True,
            lambda value, bound: f"distance to the training rows {value:.2f} > {bound:.2f}",
        ),
    )  # fmt: skip


def with_range_gates(gated: pd.DataFrame) -> pd.DataFrame:
    """`gated` with a text column for each of these gates; `tradable` only where they pass too."""
    held = range_gates(gated)
    passed = np.logical_and.reduce([gate.passed() for gate in held])
    results = {gate.name: pd.array(gate.results(), dtype="str") for gate in held}
    return gated.assign(**results, tradable=gated["tradable"].to_numpy(bool) & passed)
