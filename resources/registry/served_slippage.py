"""The slippage model as MLflow serves it: from an order's size, book and hour to quantiles of its slippage."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from okx_core.market.slippage_model import FEATURES, QUANTILES, SlippageModel, SlippageModelError

SLIPPAGE_MODEL = "okxsignal-slippage"
SLIPPAGE_DESCRIPTION = """What an order of ours pays against the mid at which it was sent, in basis points: median and \
90 % quantile, learned from our own fills. It replaces the modelled book in gate, sizing and backtest only while \
`ml.slippage_models` says so: its pinball loss out of sample must be lower than the book's."""
WORDS = "slippage.json"


def files_of(model: SlippageModel) -> dict[str, bytes]:
    """The files of a model."""
    words = {
        "features": FEATURES,
        "quantiles": QUANTILES,
        "over_depth": [model.smallest_over_depth, model.largest_over_depth],
    }
    trees = {
        f"quantile_{number}.txt": str(one.model_to_string()).encode()
        for number, one in enumerate(model.boosters)
    }
    return {WORDS: json.dumps(words).encode(), **trees}


def slippage_model_from(files: Mapping[str, bytes]) -> SlippageModel:
    """The model of `files_of`. Raises SlippageModelError for other files."""
    import lightgbm as lgb

    try:
        words = json.loads(files[WORDS])
        if (tuple(words["features"]), tuple(words["quantiles"])) != (FEATURES, QUANTILES):
            raise SlippageModelError(f"this model takes {words['features']}, orders have {list(FEATURES)}")
        boosters = tuple(
            lgb.Booster(model_str=files[f"quantile_{number}.txt"].decode())
            for number in range(len(QUANTILES))
        )
        low, high = words["over_depth"]
        return SlippageModel(boosters, float(low), float(high))
    except (KeyError, TypeError, ValueError, lgb.basic.LightGBMError) as error:
        raise SlippageModelError(
            f"these files are no slippage model: {type(error).__name__} {error}"
        ) from None


class ServedSlippage:
    """Predicts a frame with the FEATURES of orders."""

    def __init__(self, model: SlippageModel) -> None:
        self.model = model

    def predict(self, model_input: pd.DataFrame) -> Any:
        """Slippage in bps: one column per quantile."""
        names = [f"slippage_bps_{round(100 * quantile)}" for quantile in QUANTILES]
        return pd.DataFrame(
            self.model.quantiles(model_input), columns=pd.Index(names), index=model_input.index
        )


def _load_pyfunc(path: str) -> ServedSlippage:
    """MLflow's entry point."""
    folder = Path(path)
    names = (WORDS, *(f"quantile_{number}.txt" for number in range(len(QUANTILES))))
    return ServedSlippage(slippage_model_from({name: (folder / name).read_bytes() for name in names}))
