"""What the signal model would have predicted on candles that no home has: walk-forward, calibrated, gated."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from okx_core.features.candle_set import CandleSet
from okx_core.hours import SIGNAL_HORIZON_HOURS
from okx_core.models.algorithms.baselines import VOLATILITY
from okx_core.models.champions.evidence import evidence
from okx_core.models.champions.record import TrackRecord, track_record
from okx_core.models.evaluation.calibration import calibrated
from okx_core.models.members import MemberSpec
from okx_core.models.panel import hour_number
from okx_core.models.ranks import Floats
from okx_core.models.training.schedule import WalkForward
from okx_core.models.walk_forward import empty_predictions, walk_forward
from okx_services.research.evaluation.evaluate import build_panel

COLUMNS = ("pair", "timestamp_utc", "predicted_excess_pct", "gate_passed")
Report = Callable[[str, int, int], None]


def predicted_signals(
    candles: CandleSet, members: tuple[MemberSpec, ...], schedule: WalkForward, threads: int, report: Report
) -> pd.DataFrame:
    """Rows of COLUMNS for each bar that was scored.

    A version that is trained for a date knows nothing later; so do the weights of the ensemble, what a score was
    expected to earn, and the promotion gate, which decides at each date on the record until then. Expected excess is in
    percent, NaN while too few outcomes were known. Raises MemberError for too short a history.
    """
    opens = candles.hourly["timestamp_utc"]
    start, end = opens.min().floor("h"), opens.max().floor("h") + pd.Timedelta(hours=1)
    schedule.require_history(hour_number(end) - hour_number(start))
    panel = build_panel(candles, start, end, threads, report)
    predictions = empty_predictions(panel, members, schedule)
    total = len(predictions.dates) * len(members)
    for done, (_, name) in enumerate(walk_forward(panel, members, schedule, predictions)):
        report(f"training {name}", done, total)
    volatility = panel.column(VOLATILITY)
    record = track_record(
        panel.pairs, panel.first_hour, predictions.dates, predictions.scores, panel.closes, volatility
    )
    expected = calibrated(record.score, panel.closes, volatility, record.dates, SIGNAL_HORIZON_HOURS).expected
    passed = _gate(record, len(members) + 1, float(schedule.min_history_weeks), report)
    hour, pair = np.nonzero(~np.isnan(record.score))
    times = pd.to_datetime((panel.first_hour + hour) * 3600, unit="s", utc=True).as_unit("us")
    values = (np.asarray(panel.pairs)[pair], times, expected[hour, pair], passed[hour])
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def _gate(record: TrackRecord, trials: int, history_weeks: float, report: Report) -> Floats:
    """1 for each hour of a date at which the record until then passes the promotion gate, 0 for the others [hours]."""
    passed = np.zeros(len(record.closes))
    for number, date in enumerate(record.dates):
        report("promotion gate", number, len(record.dates))
        stop = record.dates[number + 1] if number + 1 < len(record.dates) else len(passed)
        passed[date:stop] = (
            float(evidence(record.until(date), trials, history_weeks).passed) if number else 0.0
        )
    return passed
