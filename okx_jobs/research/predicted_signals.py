"""Predictions of the signal model on candles of a file or a synthetic market, made once and kept in the home."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from okx_core.features.candle_set import CandleSet
from okx_core.models.members import DEFAULTS
from okx_core.models.training.schedule import WalkForward
from okx_core.models.walk_forward import with_threads
from okx_jobs.research.chosen_candles import CandleChoice
from okx_services.research.strategies.predicted import Report, predicted_signals
from resources.config.code_version import code_version

FOLDER = "signals"
SCHEDULE = WalkForward()


def kept_signals(choice: CandleChoice, home: Path) -> Path:
    """Where the predictions on these candles are kept; another code, another file or other pairs have another place."""
    data = choice.candles.read_bytes() if choice.candles is not None and choice.candles.is_file() else b""
    words = json.dumps(
        {
            "candles": hashlib.sha256(data).hexdigest(), "strength": choice.strength, "days": choice.days,
            "pairs": choice.pairs, "code": code_version(), "members": [repr(spec) for spec in DEFAULTS],
            "schedule": asdict(SCHEDULE),
        },
        sort_keys=True,
    )  # fmt: skip
    return home / FOLDER / f"{hashlib.sha256(words.encode()).hexdigest()[:16]}.parquet"


def signals_of(
    choice: CandleChoice, candles: CandleSet, home: Path, threads: int, report: Report
) -> pd.DataFrame:
    """The predictions, made if they are not kept; that takes minutes. Raises MemberError for too short a history."""
    path = kept_signals(choice, home)
    if path.is_file():
        return pd.read_parquet(path)
    members = tuple(with_threads(spec, threads) for spec in DEFAULTS)
    made = predicted_signals(candles, members, SCHEDULE, threads, report)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    made.to_parquet(unfinished, index=False)
    unfinished.replace(path)
    return made
