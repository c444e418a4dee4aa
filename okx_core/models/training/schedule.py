"""When members are trained, and which rows may be fitted then."""

from dataclasses import dataclass

from okx_core.models.members import MemberError

WEEK_HOURS = 168


@dataclass(frozen=True)
class WalkForward:
    """When members are trained: first after `min_history_weeks`, then every `every_weeks`.

    A member trained for hour d (the open of the first bar that it scores) is fitted on rows
    t < d - embargo - max(horizon, purge): their labels were known an embargo before. One purge for all horizons lets
    members share their rows and bins. With fewer than `min_rows` rows nothing is trained.
    """

    every_weeks: int = 4
    min_history_weeks: int = 52
    purge_hours: int = 72
    embargo_hours: int = 24
    min_rows: int = 1_000

    def dates(self, hours: int) -> list[int]:
        """Hours of the grid at which members are trained."""
        return list(range(self.min_history_weeks * WEEK_HOURS, hours, self.every_weeks * WEEK_HOURS))

    def require_history(self, hours: int) -> None:
        """Raises MemberError when `hours` of candles are too few for the first training date."""
        if not self.dates(hours):
            raise MemberError(
                f"{hours / WEEK_HOURS:.0f} weeks of candles: the first model needs {self.min_history_weeks} "
                "before its first hour; give more history or a smaller --min-history"
            )

    def fit_end(self, date: int, horizon: int) -> int:
        """The first hour whose row may not be fitted for `date`."""
        return date - self.embargo_hours - max(horizon, self.purge_hours)
