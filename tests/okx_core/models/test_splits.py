"""No row is used before its label is known."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from okx_core.models.splits import TrainingWindow, purge, training_window
from okx_core.models.training import SignalModelSpec

HOUR = timedelta(hours=1)
moments = st.datetimes(datetime(2020, 3, 1), datetime(2030, 1, 1)).map(
    lambda t: t.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
)
horizons = st.integers(1, 336)
embargoes = st.integers(0, 72).map(lambda n: n * HOUR)


def window_of(decision: datetime, horizon: int, embargo: timedelta) -> TrainingWindow:
    return training_window(decision, horizon, timedelta(weeks=12), timedelta(weeks=2), embargo)


def known_at(row: datetime, horizon: int) -> datetime:
    """The close of bar row + horizon."""
    return row + (horizon + 1) * HOUR


@given(moments, horizons, embargoes)
def test_every_label_inside_the_window_is_known_at_the_decision(
    decision: datetime, horizon: int, embargo: timedelta
) -> None:
    window = window_of(decision, horizon, embargo)
    assert known_at(window.end - HOUR, horizon) <= decision


@given(moments, horizons, embargoes)
def test_no_known_row_is_wasted(decision: datetime, horizon: int, embargo: timedelta) -> None:
    assert known_at(window_of(decision, horizon, embargo).end, horizon) > decision


@given(moments, horizons, embargoes)
def test_rows_fitted_for_the_hold_out_are_known_an_embargo_before_it(
    decision: datetime, horizon: int, embargo: timedelta
) -> None:
    window = window_of(decision, horizon, embargo)
    assert known_at(window.fit_end - HOUR, horizon) <= window.holdout_start - embargo


@given(moments, horizons, embargoes)
def test_the_parts_are_in_order_and_of_the_asked_length(
    decision: datetime, horizon: int, embargo: timedelta
) -> None:
    window = window_of(decision, horizon, embargo)
    assert window.start < window.fit_end < window.holdout_start < window.end < decision
    assert window.end - window.start == timedelta(weeks=12)
    assert window.end - window.holdout_start == timedelta(weeks=2)


def test_the_purge_is_the_horizon_and_the_rows_own_hour() -> None:
    assert purge(24) == timedelta(hours=25)


def test_the_products_own_window_ends_a_day_before_the_week() -> None:
    window = SignalModelSpec().window(datetime(2026, 8, 9, tzinfo=UTC))
    assert window.end == datetime(2026, 8, 8, tzinfo=UTC)
    assert window.fit_end == datetime(2026, 7, 23, tzinfo=UTC)
