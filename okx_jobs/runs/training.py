"""Training of every week that lacks it, for the demo and `okxsignal train`: members, then models and decisions."""

from collections.abc import Sequence

from okx_assets import keys
from okx_assets.partitions import MEMBERS
from okx_jobs.dagster_jobs.hour_ranges import member_key, member_range
from okx_jobs.runs.progress import Steps
from okx_jobs.runs.runner import Pipeline


def train_missing(pipeline: Pipeline, steps: Steps, weeks: Sequence[str]) -> None:
    """Members of the weeks in one run, then the signal models and decisions of the weeks in another."""
    grid = [member_key(week, name) for week in weeks for name in MEMBERS]
    untrained = pipeline.missing_keys(keys.MEMBER_MODELS, grid)
    if untrained:
        first = untrained[0].split("|")[0]
        steps.once(
            "members", lambda: pipeline.run_range([keys.MEMBER_MODELS], *member_range(first, weeks[-1]))
        )
    undecided = pipeline.missing_keys(keys.CHAMPION, weeks)
    if undecided:
        steps.once(
            "champions",
            lambda: pipeline.run_range([keys.SIGNAL_MODEL, keys.CHAMPION], undecided[0], weeks[-1]),
        )
