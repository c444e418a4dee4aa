"""Daily refits: a member brought up to date with the labels that have matured since it was trained, at little cost."""

from dataclasses import replace

from okx_core.models.algorithms.boosters import LightGbm, refit_lightgbm
from okx_core.models.members import Fitted, MemberSpec
from okx_core.models.ranks import Floats
from okx_core.models.training.rows import ThinnedRows
from okx_core.models.training.schedule import WEEK_HOURS, WalkForward

DAILY = "_daily"  # the refits of a member are versions of another one, so that they never change who trades
REFIT_HOURS = 8 * WEEK_HOURS  # rows that the new leaves are made of
DECAY = 0.9  # of the old leaves; LightGBM's default


def daily_name(member: str) -> str:
    """The member whose versions are the daily refits of another."""
    return f"{member}{DAILY}"


def daily_specification(spec: MemberSpec) -> MemberSpec:
    """The specification of the daily refits of a member."""
    return replace(spec, name=daily_name(spec.name))


def refit(
    rows: ThinnedRows, spec: MemberSpec, target: Floats, schedule: WalkForward, date: int, base: Fitted | None,
    *, anew: bool = False,
) -> Fitted | None:  # fmt: skip
    """The daily refit of a member for a date, purged like any training; None where too few rows are known.

    LightGBM keeps the trees of `base`, the version in charge, and renews their leaves with the newest rows, unless it
    is to be trained `anew`. Any other algorithm is trained on all rows: for ridge that equals adding the new ones to
    its normal equations.
    """
    if anew or spec.algorithm != "lightgbm":
        return rows.fit(spec, target, schedule, date)
    if base is None or not isinstance(base.estimator, LightGbm):
        return None
    matrix, values, weight, _ = rows.newest(spec, target, schedule, date, REFIT_HOURS)
    if len(values) < schedule.min_rows or not values.min() < values.max():
        return None
    return Fitted(spec, base.names, refit_lightgbm(base.estimator, matrix, values, weight, DECAY))
