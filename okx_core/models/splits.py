"""Time splits that keep the future out of training."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from okx_core.hours import HOUR


@dataclass(frozen=True)
class TrainingWindow:
    """Rows used for one model: `start` <= t < `end` for fitting, the tail of it held out for scoring.

    A row of hour t with a horizon of h hours is labelled by the close of bar t + h, known at t + h + 1 h.
    Every bound leaves that purge between what is fitted and what is predicted.
    """

    start: datetime
    end: datetime
    holdout_start: datetime
    fit_end: datetime


def purge(horizon_hours: int) -> timedelta:
    """The stretch before a decision whose labels are not known yet: horizon plus the row's own hour."""
    return timedelta(hours=horizon_hours + 1)


def training_window(
    decision_time: datetime, horizon_hours: int, history: timedelta, holdout: timedelta, embargo: timedelta
) -> TrainingWindow:
    """The window of a model that is first used at `decision_time`.

    `end` is the first row whose label would not be known at `decision_time`; the hold-out is the last
    `holdout` of the window, and the rows fitted for scoring it end a purge plus `embargo` before it
    (Lopez de Prado, Advances in Financial Machine Learning, ch. 7).
    """
    end = decision_time - purge(horizon_hours) + HOUR
    holdout_start = end - holdout
    return TrainingWindow(
        start=end - history,
        end=end,
        holdout_start=holdout_start,
        fit_end=holdout_start - purge(horizon_hours) + HOUR - embargo,
    )
