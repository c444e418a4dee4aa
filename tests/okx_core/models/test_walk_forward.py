"""Nothing that came later changes a prediction; what is predictable is found, noise is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from okx_core.models.evaluation.scores import block_mean_t, hourly_rank_ic
from okx_core.models.members import ALGORITHMS, MemberError
from okx_core.models.panel import Panel
from okx_core.models.targets import future_return_pct
from okx_core.models.training.schedule import WalkForward
from okx_core.models.walk_forward import empty_predictions, fitted_at
from tests.made_panel import SCHEDULE, made_panel, member, predicted

MEMBERS = (member("lightgbm"), member("ridge"))


@pytest.fixture(scope="module")
def panel() -> Panel:
    return made_panel()


@pytest.fixture(scope="module")
def out(panel: Panel):
    return predicted(panel, *MEMBERS)


def with_other_future(panel: Panel, hour: int, seed: int) -> Panel:
    """Every close and feature from `hour` on drawn anew, and some of the later rows without their pair's bar."""
    rng = np.random.default_rng(seed)
    closes, values = panel.closes.copy(), panel.values.copy()
    closes[hour:] *= np.exp(0.3 * rng.normal(size=closes[hour:].shape))
    values[panel.row_hour >= hour] = rng.normal(size=values[panel.row_hour >= hour].shape)
    kept = (panel.row_hour < hour) | (rng.random(len(panel.row_hour)) < 0.8)
    return replace(
        panel,
        closes=closes,
        values=values[kept],
        row_hour=panel.row_hour[kept],
        row_pair=panel.row_pair[kept],
    )


@given(st.integers(0, 3), st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_rows_after_the_date_less_embargo_and_horizon_change_no_model(
    panel: Panel, place: int, seed: int
) -> None:
    date = SCHEDULE.dates(panel.hours)[place]
    for number in range(2):
        spec = MEMBERS[number]
        # A label of the last fitted row ends `horizon` hours after it; closes from there on are the future.
        end = SCHEDULE.fit_end(date, spec.horizon_hours) + spec.horizon_hours
        other = with_other_future(panel, end, seed)
        kept = fitted_at(panel, spec, SCHEDULE, date)
        assert fitted_at(other, spec, SCHEDULE, date).to_bytes() == kept.to_bytes()
        assert end <= date - SCHEDULE.embargo_hours


def test_the_last_row_that_is_fitted_does_count(panel: Panel) -> None:
    """The property above could hold for a model that is blind; it sees everything up to there."""
    date, spec = SCHEDULE.dates(panel.hours)[1], MEMBERS[1]
    end = SCHEDULE.fit_end(date, spec.horizon_hours) + spec.horizon_hours
    other = with_other_future(panel, end - 40, 1)
    assert (
        fitted_at(other, spec, SCHEDULE, date).to_bytes() != fitted_at(panel, spec, SCHEDULE, date).to_bytes()
    )


def test_scores_up_to_an_hour_do_not_depend_on_later_hours(panel: Panel, out) -> None:
    hour = 800
    later = predicted(with_other_future(panel, hour, 3), *MEMBERS)
    for number in range(2):
        name, grid = list(out.scores.items())[number]
        assert (~np.isnan(grid[:hour])).sum() > 1000
        np.testing.assert_array_equal(later.scores[name][:hour], grid[:hour])


def test_the_planted_part_is_found_ahead_and_not_behind(panel: Panel, out) -> None:
    """Shift test: a score helps with the hours after it, and hardly with those far behind."""
    ahead = future_return_pct(panel.closes, 8)
    for number in range(2):
        grid = list(out.scores.values())[number]
        ic = hourly_rank_ic(grid, ahead)
        assert np.nanmean(ic) > 0.1
        late = np.full(grid.shape, np.nan)
        late[400:] = grid[:-400]
        assert abs(np.nanmean(hourly_rank_ic(late, ahead))) < 0.5 * np.nanmean(ic)


def test_noise_gives_no_ic() -> None:
    noise = made_panel(hours=2500, edge=0.0, seed=9)
    out = predicted(noise, *MEMBERS, schedule=replace(SCHEDULE, every_weeks=2))
    for number in range(2):
        grid = list(out.scores.values())[number]
        assert abs(block_mean_t(hourly_rank_ic(grid, future_return_pct(noise.closes, 8)), 168)) < 3.0


def test_every_hour_after_the_first_date_is_scored_once_and_none_before(panel: Panel, out) -> None:
    rows = out.frame()
    assert not rows.duplicated(["member", "pair", "timestamp_utc"]).any()
    assert (rows["train_date"] <= rows["timestamp_utc"]).all()
    assert (
        rows["timestamp_utc"] - rows["train_date"]
    ).max().total_seconds() < SCHEDULE.every_weeks * 7 * 86_400
    present = int((panel.row_hour >= out.dates[0]).sum())
    assert rows.groupby("member").size().to_dict() == {spec.name: present for spec in MEMBERS}


def test_two_runs_and_two_threads_predict_the_same(panel: Panel, out) -> None:
    again = predicted(panel, *(replace(spec, budget=replace(spec.budget, threads=2)) for spec in MEMBERS))
    for number in range(2):
        name, grid = list(out.scores.items())[number]
        np.testing.assert_array_equal(again.scores[name], grid)


def test_a_member_predicts_the_same_alone_as_beside_others(panel: Panel, out) -> None:
    alone = predicted(panel, MEMBERS[0])
    np.testing.assert_array_equal(alone.scores[MEMBERS[0].name], out.scores[MEMBERS[0].name])


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_algorithm_walks(algorithm: str) -> None:
    small = made_panel(hours=800)
    out = predicted(small, member(algorithm))
    assert np.nanmean(hourly_rank_ic(out.scores[f"{algorithm}_8"], future_return_pct(small.closes, 8))) > 0.05


def test_a_member_of_some_features_and_a_limited_history_reads_only_those(panel: Panel) -> None:
    spec = member("lightgbm", features=("drift", "noise"), history_weeks=2)
    date = SCHEDULE.dates(panel.hours)[2]
    found = fitted_at(panel, spec, SCHEDULE, date)
    assert found.names == ("drift", "noise")
    start = SCHEDULE.fit_end(date, 8) - 2 * 168
    values = panel.values.copy()
    values[panel.row_hour < start] = 99.0
    values[:, 2:] = 7.0
    other = fitted_at(replace(panel, values=values), spec, SCHEDULE, date)
    assert other.to_bytes() == found.to_bytes()


def test_thinned_rows_meet_every_hour_of_the_day(panel: Panel) -> None:
    kept = panel.staggered(4)
    assert 0.2 < kept.mean() < 0.3
    assert set((panel.first_hour + panel.row_hour[kept]) % 24) == set(range(24))
    by_pair = [np.diff(panel.row_hour[kept & (panel.row_pair == pair)]) % 4 for pair in range(5)]
    assert not np.concatenate(by_pair).any()


def test_a_panel_that_is_too_short_is_refused_with_the_remedy() -> None:
    with pytest.raises(MemberError, match="--min-history"):
        empty_predictions(made_panel(hours=400), MEMBERS, SCHEDULE)


def test_dates_with_too_few_rows_leave_their_hours_without_a_score(panel: Panel) -> None:
    out = predicted(panel, MEMBERS[1], schedule=replace(SCHEDULE, min_rows=900))
    scored = ~np.isnan(out.scores[MEMBERS[1].name]).all(axis=1)
    assert not scored[: out.dates[1]].any()
    assert scored[-100:].all()


def test_the_default_purge_covers_the_longest_default_horizon() -> None:
    schedule = WalkForward()
    assert schedule.fit_end(10_000, 24) == schedule.fit_end(10_000, 72) == 10_000 - 24 - 72
    assert schedule.fit_end(10_000, 168) == 10_000 - 24 - 168
