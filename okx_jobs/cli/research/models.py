"""`okxsignal models` and `okxsignal promote`: who may trade, why, and a decision by hand that is kept."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_core.models.champions.decision import is_expired
from okx_jobs.runs.market_choice import RequestError
from okx_jobs.stack import services
from okx_services.reports.markdown import shown
from okx_services.reports.market_origin import market_note
from okx_services.reports.models import EVIDENCE_HEAD, ModelState, evidence_rows, excess_words, read_models
from okx_services.research.champions import BY_COMMAND, move_champion
from resources.config.settings import Settings
from resources.postgres.database import Database
from resources.registry.tracking import CHAMPION, PREVIOUS, SIGNAL_MODEL, Tracking
from resources.stores import open_database, open_exchange

SHOWN_VERSIONS = 12
NOBODY = "none"


def show_models(settings: Settings, console: Console) -> None:
    """Members, versions with their ages and why each may or may not trade, evidence, promotions."""
    services.require_home(settings)
    with services.working_services(settings):
        services.wait_for_mlflow(settings)
        database, day = open_database(settings.database), open_exchange(settings.exchange).now().date()
        tracking = Tracking(settings.tracking_url)
        champion = tracking.aliased(CHAMPION)
        limit = settings.models.champion_max_weeks
        state = read_models(database, champion, day, limit, SHOWN_VERSIONS)
        if not state.members and not state.versions:
            console.print(
                f"No model has been trained in the home {settings.home}: `okxsignal train` trains there; another home "
                "is named by OKXSIGNAL_HOME.",
                soft_wrap=True, markup=False,
            )  # fmt: skip
            return
        shown_versions = [int(row["model_version"]) for row in state.versions]
        gone = frozenset(one for one in shown_versions if not tracking.has(SIGNAL_MODEL, one))
        print_models(replace(state, deleted=gone), console)
        note = market_note(database.scalar("select identity from ops.market_source"))
        if note:
            console.print(f"\n{note}", soft_wrap=True)


def print_models(state: ModelState, console: Console) -> None:
    """The tables of `okxsignal models`."""
    _print_members(state, console)
    _print_found(state, console)
    versions = Table(
        "version",
        "made for",
        "age, weeks",
        "members and weights",
        "expected excess",
        "may trade",
        title=f"Versions of {SIGNAL_MODEL}",
        title_justify="left",
    )
    for row in state.versions:
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in row["weights"].items())
        slope = excess_words(row["calibration"])
        age = (state.day - row["week"]).days // 7
        versions.add_row(
            str(row["model_version"]), str(row["week"]), str(age), weights, slope, state.may_trade(row)
        )
    console.print(versions)
    if state.decision is None:
        console.print("Nothing has been decided yet: run `okxsignal train`.")
        return
    print_decision(state.decision, state.trials, console)
    promotions = Table("when", "version", "before", "by", "because", title="Promotions", title_justify="left")
    for row in state.promotions:
        promotions.add_row(
            shown(row["decided_at"]), _version(row["model_version"]), _version(row["previous_version"]),
            row["decided_by"], row["because"],
        )  # fmt: skip
    console.print(promotions)


def _print_members(state: ModelState, console: Console) -> None:
    """The newest version of each member, and whether it is a part of the newest signal model or a challenger."""
    head = ("member", "used as", "versions", "newest", "made for", "weeks of history", "newest prediction")
    members = Table(*head, title="Members", title_justify="left")
    parts = set(state.versions[0]["members"]) if state.versions else set()
    for row in state.members:
        members.add_row(
            row["member"], "part of the signal model" if row["member"] in parts else "challenger",
            str(row["versions"]), f"v{row['model_version']}", str(row["week"]), shown(row["history_weeks"], 0),
            shown(row["newest_prediction"]),
        )  # fmt: skip
    console.print(members)


def _print_found(state: ModelState, console: Console) -> None:
    """The members that searches have found, which trade nothing until the setting names them."""
    if not state.found:
        return
    found = Table(
        "member",
        "training date",
        "neutral IC in its folds",
        "state",
        title="Found by a search",
        title_justify="left",
    )
    trained = {row["member"] for row in state.members}
    for row in state.found:
        words = (
            "retired: a longer search found a better one"
            if row["retired_at"] is not None
            else ("trained" if row["name"] in trained else "not trained yet")
        )
        found.add_row(row["name"], str(row["search"]), shown(row["score"], 4), words)
    console.print(found)


def print_decision(decision: Mapping[str, Any], trials: int, console: Console) -> None:
    """A row of ml.champions with its evidence."""
    console.print(
        f"Week of {decision['week']}: {decision['outcome']}; {escape(decision['reason'])}", soft_wrap=True
    )
    evidence = Table(*EVIDENCE_HEAD, title=f"Evidence, {trials} variants tried", title_justify="left")
    for cells in evidence_rows(decision["evidence"]):
        evidence.add_row(*cells)
    console.print(evidence)


def _version(version: int | None) -> str:
    return NOBODY if version is None else str(version)


def promote_version(asked: str, because: str, settings: Settings, console: Console) -> None:
    """Point @champion at a version, at @previous, or at none, and keep the reason."""
    services.require_home(settings)
    if not because.strip():
        raise RequestError("--because is empty: say why, it is kept in ml.promotions")
    with services.working_services(settings):
        services.wait_for_mlflow(settings)
        database, tracking = open_database(settings.database), Tracking(settings.tracking_url)
        version = chosen_version(asked, database, tracking)
        now = open_exchange(settings.exchange).now()
        if move_champion(database, tracking, version, BY_COMMAND, because.strip(), now):
            console.print(
                f"@champion is version {_version(version)} from the next hour on: {escape(because)}"
            )
        else:
            console.print(f"@champion is version {_version(version)} already")
        if warning := _age_warning(database, version, now.date(), settings.models.champion_max_weeks):
            console.print(warning, soft_wrap=True)


def _age_warning(database: Database, version: int | None, day: date, max_age_weeks: int) -> str:
    """That a version is too old to trade; empty for one that is not, and for none."""
    week = database.scalar(
        "select week from ml.signal_versions where model_name = $1 and model_version = $2",
        (SIGNAL_MODEL, version),
    )
    if week is None or not is_expired(week, day, max_age_weeks):
        return ""
    return (
        f"It was made for {week}, more than {max_age_weeks} weeks ago: it opens no position. Name a newer one of "
        "`okxsignal models`, or raise OKXSIGNAL_CHAMPION_MAX_WEEKS."
    )


def chosen_version(asked: str, database: Database, tracking: Tracking) -> int | None:
    """The version that was asked for. Raises RequestError for one that is not there."""
    if asked == NOBODY:
        return None
    if asked == PREVIOUS:
        previous = tracking.aliased(PREVIOUS)
        if previous is None:
            raise RequestError("there is no @previous version to go back to; name one of `okxsignal models`")
        return previous
    known = {
        row["model_version"]
        for row in database.rows(
            "select model_version from ml.signal_versions where model_name = $1", (SIGNAL_MODEL,)
        )
    }
    if not asked.isdigit() or int(asked) not in known:
        raise RequestError(
            f"{SIGNAL_MODEL} has no version {asked!r}; there are {', '.join(map(str, sorted(known))) or 'none'}, "
            f"{PREVIOUS} and {NOBODY}"
        )
    if not tracking.has(SIGNAL_MODEL, int(asked)):
        raise RequestError(
            f"version {asked} has been deleted in MLflow: name another one of `okxsignal models`"
        )
    return int(asked)
