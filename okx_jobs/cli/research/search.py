"""`okxsignal search`: a search over member specifications, its progress, and what it has found."""

from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.table import Table

from okx_core.hours import week_start
from okx_jobs.runs.market_choice import RequestError
from okx_jobs.stack import services
from okx_services.research.search.run import DEFAULT_ALGORITHMS, search_home
from okx_services.research.search.search import Budget, Found
from okx_services.research.trials import number_of_trials
from resources.config.settings import Settings
from resources.stores import open_exchange, open_feature_store

SHOWN = 10


@dataclass(frozen=True)
class SearchRequest:
    """Budget, algorithms (comma-separated) and training date of a search; None for the defaults."""

    trials: int
    minutes: float
    algorithms: str | None
    until: datetime | None


def search_members(request: SearchRequest, settings: Settings, console: Console) -> Found:
    """Search with what the home knows before the training date."""
    services.require_home(settings)
    if not request.minutes >= 0.0:
        raise RequestError(f"--minutes is {request.minutes:g}: give the minutes that this run may take")
    if request.algorithms is not None and not request.algorithms.strip(" ,"):
        raise RequestError(f"--algorithms names none: leave it out for {', '.join(DEFAULT_ALGORITHMS)}")
    named = [part.strip() for part in (request.algorithms or "").split(",") if part.strip()]
    with services.working_services(settings):
        store = open_feature_store(settings.database, settings.feature_store)
        now = open_exchange(settings.exchange).now()
        if request.until is not None and request.until > now:
            raise RequestError(
                f"--until {request.until:%Y-%m-%d} has not come yet: give a day before {now:%Y-%m-%d}"
            )
        search = week_start(request.until or now).date()
        console.print(f"training date {search}: reading what was known before it", highlight=False)

        def report(words: str, done: int, total: int) -> None:
            console.print(f"  {done} of {total}: {words}", highlight=False, soft_wrap=True)

        algorithms = tuple(dict.fromkeys(named)) or DEFAULT_ALGORITHMS
        found = search_home(store, search, algorithms, Budget(request.trials, request.minutes), now, report)
        print_search(found, number_of_trials(store.database), console)
    return found


def print_search(found: Found, counted: int, console: Console) -> None:
    """The best trials, the member that was found, and how many variants count against it."""
    best = sorted(found.trials, key=lambda one: -1.0 if one.score is None else one.score, reverse=True)
    table = Table("trial", "member", "neutral IC", "t", "what", title="Best trials", title_justify="left")
    for one in best[:SHOWN]:
        values = ", ".join(
            f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in one.parameters.items()
        )
        table.add_row(str(one.number), one.name, _shown(one.score, 4), _shown(one.t, 1), values)
    console.print(table)
    if found.winner is None:
        console.print("No trial has a positive score: no member was made.")
    else:
        console.print(
            f"{found.winner.name} is a member now: it is trained and predicts in shadow, and trades nothing. "
            "Add it to OKXSIGNAL_MEMBERS to make it a part of the signal model.",
            soft_wrap=True,
        )
    console.print(
        f"{counted} variants are counted in ml.trials. The best of many is partly luck: only predictions made after "
        "the training date are evidence.",
        soft_wrap=True,
    )


def _shown(value: float | None, digits: int) -> str:
    return "unknown" if value is None else f"{value:+.{digits}f}"
