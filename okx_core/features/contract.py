"""The shape that every frame of feature rows has, whoever made it."""

from typing import TYPE_CHECKING

from okx_core.features.registry import feature_names

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa


def feature_contract() -> "pa.DataFrameSchema":
    """Key columns known and unique, then one float32 column per feature: NaN is allowed, infinity is not."""
    import numpy as np
    import pandas as pd
    import pandera.pandas as pa

    finite = pa.Check(lambda values: ~np.isinf(values), name="finite", error="infinite value")
    features = {name: pa.Column("float32", finite, nullable=True) for name in feature_names()}
    keys = {"pair": pa.Column(str), "timestamp_utc": pa.Column(pd.DatetimeTZDtype(unit="us", tz="UTC"))}
    return pa.DataFrameSchema(
        {**keys, **features}, strict=True, ordered=True, unique=["pair", "timestamp_utc"]
    )


def contract_breaches(rows: "pd.DataFrame") -> list[str]:
    """What in `rows` breaks the contract, one line per column and rule; empty when nothing does."""
    from pandera.errors import SchemaErrors

    try:
        feature_contract().validate(rows, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.groupby(["column", "check"], dropna=False).size()
        return [f"{column}: {check} ({count})" for (column, check), count in cases.items()]
    return []
