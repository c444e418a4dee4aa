"""The whole pipeline on one stretch of history, its last hours simulated one by one with orders."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.console import Console

from okx_assets import keys
from okx_core.hours import HOUR, LABEL_HORIZON_HOURS, WEEK, Stretch, week_start
from okx_jobs.dagster_jobs.hour_ranges import DAY_FORMAT, HOUR_FORMAT
from okx_jobs.runs.progress import Steps, shown_steps
from okx_jobs.runs.runner import Pipeline
from okx_jobs.runs.training import train_missing
from resources.simulator.admin import SimulatorAdmin

DECISION_DELAY = timedelta(seconds=30)  # the live hours are traded this long after the bar closed


@dataclass(frozen=True)
class Demo:
    """One demo over `stretch`; every stage skips what exists already."""

    pipeline: Pipeline
    admin: SimulatorAdmin
    stretch: Stretch
    console: Console
    wait_for_mlflow: Callable[[], None]
    show_history: Callable[[], None] = lambda: None  # called as soon as there is something to look at

    def run(self) -> None:
        """History first, then the last hours as they would have happened."""
        with shown_steps(self.console) as steps:
            self.admin.set_fixed(self._history_clock())
            self._history(steps)
            self.show_history()
            self.wait_for_mlflow()
            self._models(steps, self.stretch.history_end)
            self._signals_and_backtest(steps)
            self._live_hours(steps)
            self._labels(steps, self.stretch.end)
            steps.once("views for SQL", lambda: self.pipeline.run("refresh_marts"))

    def _history_clock(self) -> datetime:
        """Never before the last simulated hour: the exchange's clock does not run backwards."""
        missing = self.pipeline.missing_hours(keys.SIGNALS, self.stretch.history_end, self.stretch.end)
        return (missing[0] if missing else self.stretch.end) + DECISION_DELAY

    def _history(self, steps: Steps) -> None:
        stretch, pipeline = self.stretch, self.pipeline
        days = pipeline.missing_keys(
            keys.UNIVERSE, [day.strftime(DAY_FORMAT) for day in stretch.days() if day <= stretch.history_end]
        )
        if days:
            steps.once("universe", lambda: pipeline.run_range([keys.UNIVERSE], days[0], days[-1]))
        steps.once(
            "candles",
            lambda: pipeline.run_missing_hours(keys.HOURLY_CANDLES, stretch.start, stretch.history_end),
        )
        steps.once("gaps", pipeline.resolve_due_gaps)
        steps.once(
            "funding",
            lambda: pipeline.run_missing_hours([keys.FUNDING_RATES], stretch.start, stretch.history_end),
        )
        steps.once(
            "features",
            lambda: pipeline.run_missing_hours([keys.FEATURES_1H], stretch.start, stretch.history_end),
        )
        self._labels(steps, stretch.history_end)

    def _labels(self, steps: Steps, end: datetime) -> None:
        for horizon_set, key in keys.LABELS.items():
            known = end - LABEL_HORIZON_HOURS[horizon_set] * HOUR
            steps.once(
                key.path[-1],
                lambda key=key, known=known: self.pipeline.run_missing_hours(
                    [key], self.stretch.start, known
                ),  # type: ignore[misc]
            )

    def _models(self, steps: Steps, end: datetime) -> None:
        """Members, signal models and decisions of every week that can be trained for."""
        weeks = [week.strftime(DAY_FORMAT) for week in self.stretch.training_weeks(end)]
        train_missing(self.pipeline, steps, weeks)

    def _signals_and_backtest(self, steps: Steps) -> None:
        stretch, pipeline = self.stretch, self.pipeline
        steps.once(
            "signals",
            lambda: pipeline.run_missing_hours([keys.SIGNALS], stretch.first_week, stretch.history_end),
        )
        folds = [
            week.strftime(DAY_FORMAT)
            for week in stretch.weeks(stretch.history_end)
            if week + WEEK <= stretch.history_end
        ]
        missing = pipeline.missing_keys(keys.BACKTEST_RUNS, folds)
        if missing:
            steps.once("backtest", lambda: pipeline.run_range(keys.BACKTESTS, missing[0], folds[-1]))

    def _live_hours(self, steps: Steps) -> None:
        hours = self.pipeline.missing_hours(keys.SIGNALS, self.stretch.history_end, self.stretch.end)
        for hour in steps.each("live hours", hours):
            self.admin.set_fixed(hour + HOUR + DECISION_DELAY)
            self._begin_day(hour)
            self.pipeline.run("trade_hour", partition_key=hour.strftime(HOUR_FORMAT))
        if hours:
            newest = hours[-1].strftime(HOUR_FORMAT)
            steps.once("explanations", lambda: self.pipeline.run("explain_hour", partition_key=newest))

    def _begin_day(self, hour: datetime) -> None:
        """Do the work of the daily and weekly schedules that precedes this hour."""
        today = (hour + HOUR).replace(hour=0)
        for day in {hour.replace(hour=0), today}:
            for key in self.pipeline.missing_keys(keys.UNIVERSE, [day.strftime(DAY_FORMAT)]):
                self.pipeline.run("refresh_universe", partition_key=key)
        if hour == week_start(hour):
            self._labels(Steps(), hour)
            self._models(Steps(), hour + HOUR)
