"""The leak alarm: nothing planted, nothing found; something planted, found; something leaked, caught.

The whole research path in the pure core, without a database: synthetic tape, candles, features, the default members
trained walk-forward as in production, their out-of-sample scores, and the gate that decides who trades.

Hours give one number each, the rank correlation across pairs of scores and outcomes: ranks drop the market's move, and
pairs of an hour are no witnesses of their own. Neighbouring hours share most of what their labels span, so the t is
that of means of two-week blocks. The seeds are the product's default and the next one, not chosen by their result.
"""

from functools import lru_cache

import numpy as np
import pytest

from okx_core.hours import MIN_HISTORY_WEEKS, RECORD_WEEKS
from okx_core.models.algorithms.baselines import VOLATILITY
from okx_core.models.champions.evidence import Evidence, evidence
from okx_core.models.champions.record import TrackRecord, track_record
from okx_core.models.evaluation.scores import block_mean_t, hourly_rank_ic
from okx_core.models.member_names import MEMBER_NAMES
from okx_core.models.members import DEFAULTS, MEMBERS, MemberSpec
from okx_core.models.panel import Panel
from okx_core.models.ranks import Floats
from okx_core.models.targets import future_return_pct
from okx_core.models.training.schedule import WalkForward
from okx_core.models.walk_forward import empty_predictions, walk_forward
from okx_jobs.research.synthetic_candles import synthetic_hourly
from okx_services.research.evaluation.evaluate import build_panel
from okx_simulator.tape.synthetic import SyntheticTape

WEEKS = MIN_HISTORY_WEEKS + RECORD_WEEKS + 2
SCHEDULE = WalkForward(every_weeks=8, min_history_weeks=MIN_HISTORY_WEEKS)
NOTICEABLE_T = 3.0
WEEK = 168


@lru_cache(maxsize=1)
def panel_of(seed: int, strength: float, weeks: int = WEEKS) -> Panel:
    candles = synthetic_hourly(7 * weeks + 40, strength, seed=seed)
    end = candles.hourly["timestamp_utc"].max().floor("D")
    return build_panel(candles, end - 7 * weeks * np.timedelta64(1, "D"), end, 1, lambda *_: None)


def record_of(panel: Panel, members: tuple[MemberSpec, ...], schedule: WalkForward = SCHEDULE) -> TrackRecord:
    """The members' out-of-sample scores as the gate sees them."""
    out = empty_predictions(panel, members, schedule)
    assert list(walk_forward(panel, members, schedule, out))
    scores = {name: grid.astype(np.float32).astype(np.float64) for name, grid in out.scores.items()}
    return track_record(
        panel.pairs, panel.first_hour, out.dates, scores, panel.closes, panel.column(VOLATILITY)
    )


def edge_t(record: TrackRecord, title: str) -> float:
    ic = hourly_rank_ic(record.score, future_return_pct(record.closes, 24))
    t = block_mean_t(ic)
    print(f"{title}: rank IC {np.nanmean(ic):+.4f} over {(~np.isnan(ic)).sum()} hours, t {t:+.2f}")
    return t


def asked(record: TrackRecord) -> Evidence:
    return evidence(record, len(record.members) + 1, float(MIN_HISTORY_WEEKS))


@pytest.mark.parametrize("seed", [7, pytest.param(8, marks=pytest.mark.soak)])
def test_nothing_planted_nothing_found_and_nobody_promoted(seed: int) -> None:
    record = record_of(panel_of(seed, 0.0), DEFAULTS)
    assert abs(edge_t(record, f"strength 0, seed {seed}")) < NOTICEABLE_T
    found = asked(record)
    assert not found.passed
    assert "t of the neutral IC" in found.rejection_reason


@pytest.mark.parametrize("seed", [7, pytest.param(8, marks=pytest.mark.soak)])
def test_the_planted_edge_is_found_and_passes_the_same_gate(seed: int) -> None:
    record = record_of(panel_of(seed, 1.0), DEFAULTS)
    assert edge_t(record, f"strength 1, seed {seed}") > NOTICEABLE_T
    outcome = future_return_pct(record.closes, 24)
    planted = hourly_rank_ic(np.where(np.isnan(record.score), np.nan, planted_score(record, seed)), outcome)
    found, best = (np.nanmean(ic) for ic in (hourly_rank_ic(record.score, outcome), planted))
    assert 0.8 * best < found < 1.2 * best
    gate = asked(record)
    assert gate.passed, gate.rejection_reason


def planted_score(record: TrackRecord, seed: int) -> Floats:
    """What the tape itself knows at the end of each bar [hours, pairs]: the best predictor there is."""
    tape, end = SyntheticTape(record.pairs, seed, 1.0), record.first_hour + len(record.closes)
    known = [tape.planted_z(pair, end + 1) for pair in record.pairs]
    return np.column_stack([-z[np.searchsorted(hours, record.first_hour + 1) :] for hours, z in known])


def test_a_look_one_hour_ahead_is_caught() -> None:
    """The alarm rings: with nothing planted, one of the label's 24 hours leaked shows as an edge."""
    panel = panel_of(7, 0.0)
    leak = np.full(panel.closes.shape, np.nan)
    leak[:-1] = panel.closes[1:] / panel.closes[:-1] - 1.0
    values = panel.values.copy()
    values[:, 0] = panel.rows(leak)
    spied = Panel(
        panel.pairs, panel.names, panel.first_hour, values, panel.row_hour, panel.row_pair, panel.closes
    )
    member = MEMBERS["ridge_rank_24h"]
    out = empty_predictions(spied, (member,), SCHEDULE)
    assert list(walk_forward(spied, (member,), SCHEDULE, out))
    ic = hourly_rank_ic(out.scores[member.name], future_return_pct(panel.closes, 24))
    assert block_mean_t(ic) > NOTICEABLE_T


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", MEMBER_NAMES)
def test_over_sixty_weeks_of_noise_hardly_a_decision_promotes_anybody(name: str) -> None:
    weeks = 60
    panel = panel_of(7, 0.0, WEEKS + weeks)
    record = record_of(panel, (MEMBERS[name],))
    decisions = [asked(record.until(hour * WEEK)).passed for hour in range(WEEKS, WEEKS + weeks)]
    print(f"{name}: {sum(decisions)} of {len(decisions)} decisions promote")
    assert sum(decisions) <= 0.05 * len(decisions)
