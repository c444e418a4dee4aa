"""The signal model as MLflow serves it: from the scores of its members to expected excess return."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from okx_core.models.algorithms.baselines import VOLATILITY
from okx_core.models.champions.signal_model import SignalModel, SignalModelError

MODEL = "signal_model.json"


def files_of(model: SignalModel) -> dict[str, bytes]:
    """The file of a signal model."""
    return {MODEL: json.dumps(model.to_json(), indent=1).encode()}


def signal_model_from(files: Mapping[str, bytes]) -> SignalModel:
    """The model of `files_of`. Raises SignalModelError for other files."""
    try:
        return SignalModel.from_json(json.loads(files[MODEL]))
    except (KeyError, TypeError, ValueError) as error:
        raise SignalModelError(
            f"this is no signal model: {type(error).__name__} {error} in {MODEL}; put another version in charge with "
            "`okxsignal promote`, or train a new one with `okxsignal train`"
        ) from None


class ServedSignal:
    """Predicts a frame whose rows are the pairs of one hour, with the score of each member and the volatility."""

    def __init__(self, model: SignalModel) -> None:
        self.model = model

    def predict(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """One row per pair: rank of the ensemble, expected excess %, its probability, 80 % interval."""
        scores = {
            name: model_input[name].to_numpy(np.float64)[None, :]
            for name in self.model.members
            if name in model_input
        }
        found = self.model.expected(scores, model_input[VOLATILITY].to_numpy(np.float64)[None, :])
        return pd.DataFrame(
            {
                "score": found.score[0],
                "predicted_excess_pct": found.excess_pct[0],
                "excess_probability": found.probability[0],
                "interval_low_pct": found.low_pct[0],
                "interval_high_pct": found.high_pct[0],
            },
            index=model_input.index,
        )


def _load_pyfunc(path: str) -> ServedSignal:
    """MLflow's entry point."""
    return ServedSignal(signal_model_from({MODEL: (Path(path) / MODEL).read_bytes()}))
