"""The contract of the wide tables, features and labels: keys and one float32 column per name."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from okx_core.features.registry import feature_names

if TYPE_CHECKING:
    import pandas as pd

KEYS = {"pair": "str", "timestamp_utc": "datetime64[us, UTC]"}


def contract_violations(rows: "pd.DataFrame") -> list[str]:
    """Violations of the contract in feature `rows`, one line per column and rule; empty when there are none."""
    return wide_table_violations(rows, feature_names())


def wide_table_violations(rows: "pd.DataFrame", columns: Sequence[str]) -> list[str]:
    """The same for any table of pair, timestamp_utc and one float32 column per name of `columns`, in order.

    Keys are known and unique. NaN is allowed, infinity is not. Checked without pandera, whose work per column takes
    longer than computing an hour's features.
    """
    names = list(columns)
    expected, held = [*KEYS, *names], list(rows.columns)
    if held != expected:
        lines = [f"{name}: missing" for name in expected if name not in held]
        lines += [f"{name}: not in the registry" for name in held if name not in expected]
        return lines or ["columns: in another order"]
    types = {**KEYS, **dict.fromkeys(names, "float32")}
    kinds = zip(expected, rows.dtypes, strict=True)
    lines = [f"{name}: {found}, not {types[name]}" for name, found in kinds if found != types[name]]
    lines += [f"{key}: unknown ({count})" for key in KEYS if (count := int(rows[key].isna().sum()))]
    twice = int(rows.duplicated(list(KEYS)).sum())
    lines += [f"pair, timestamp_utc: more than one row of a bar ({twice})"] if twice else []
    infinite = np.isinf(rows[names].to_numpy(np.float64)).sum(axis=0)
    return lines + [
        f"{name}: infinite value ({count})" for name, count in zip(names, infinite, strict=True) if count
    ]
