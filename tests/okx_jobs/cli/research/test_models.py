"""`okxsignal models` shows everything of a decision; `okxsignal promote` refuses what is not there."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from io import StringIO

import pytest
from rich.console import Console

from okx_jobs.cli.research.models import chosen_version, print_models
from okx_jobs.runs.market_choice import RequestError
from okx_services.reports.models import ModelState, read_models
from resources.registry.tracking import PREVIOUS, SIGNAL_MODEL

DAY, WEEK = date(2026, 8, 12), date(2026, 8, 9)
NOW = datetime(2026, 8, 12, 3, tzinfo=UTC)


@dataclass
class Registry:
    """A registry that knows its aliases and versions."""

    aliases: dict[str, int] = field(default_factory=dict)
    versions: tuple[int, ...] = (1, 2)

    def aliased(self, alias: str) -> int | None:
        return self.aliases.get(alias)

    def has(self, model_name: str, version: int) -> bool:
        assert model_name == SIGNAL_MODEL
        return version in self.versions


@pytest.fixture
def filled(database):
    """Two versions, the newer of which passed the gate."""
    for version, week in ((1, date(2026, 6, 7)), (2, WEEK)):
        database.upsert("ml.signal_versions", ["model_name", "model_version"], [{
            "model_name": SIGNAL_MODEL, "model_version": version, "week": week, "members": '{"ridge": 4}',
            "weights": '{"ridge": 1.0}', "calibration": '{"slope": 0.75}' if version == 2 else None, "has_skill": True,
            "run_id": "r", "code_version": "c", "trained_at": NOW,
        }])  # fmt: skip
    database.upsert("ml.model_versions", ["week", "member"], [{
        "week": WEEK, "member": "ridge", "model_name": "okxsignal-ridge", "model_version": 4, "run_id": "r",
        "target": "rank", "train_start": NOW, "train_end": NOW, "train_rows": 9, "history_weeks": 30.0,
        "label_known_at": NOW, "feature_count": 1, "data_fingerprint": "f", "code_version": "c", "trained_at": NOW,
    }])  # fmt: skip
    database.upsert("ml.champions", ["week"], [{
        "week": WEEK, "model_name": SIGNAL_MODEL, "model_version": 2, "members": "ridge", "trained_for_week": WEEK,
        "outcome": "promoted", "reason": "passed the gate", "decided_at": NOW,
        "evidence": '[{"rule": "t", "value": 4.2, "needed": ">= 3", "passed": true}]',
    }])  # fmt: skip
    database.execute(
        "insert into ml.promotions (decided_at, model_name, model_version, decided_by, because) "
        "values ($1, $2, 2, 'gate', 'passed the gate')",
        (NOW, SIGNAL_MODEL),
    )
    return database


def printed(state: ModelState) -> str:
    text = StringIO()
    print_models(state, Console(file=text, width=200))
    return " ".join(text.getvalue().split())


def test_it_shows_members_versions_evidence_and_promotions(filled) -> None:
    text = printed(read_models(filled, 2, DAY, 5, 12))
    for words in (
        "ridge", "v4", "0.750 % from lowest to highest", "yes: @champion", "no: older than 5 weeks", "t", "4.2000",
        ">= 3",
        "promoted; passed the gate", "gate", "0 variants tried",
    ):  # fmt: skip
        assert words in text, words


def test_an_empty_home_says_what_to_do(database) -> None:
    text = printed(read_models(database, None, DAY, 5, 12))
    assert "Nothing has been decided yet" in text
    assert "okxsignal train" in text


def test_a_version_is_chosen_by_number_by_the_one_before_or_as_none(filled) -> None:
    registry = Registry({PREVIOUS: 1})
    assert chosen_version("2", filled, registry) == 2
    assert chosen_version("previous", filled, registry) == 1
    assert chosen_version("none", filled, registry) is None


@pytest.mark.parametrize(
    ("asked", "registry", "words"),
    [
        ("9", Registry(), "has no version '9'; there are 1, 2, previous and none"),
        ("newest", Registry(), "has no version 'newest'"),
        ("previous", Registry(), "there is no @previous version"),
        ("2", Registry(versions=(1,)), "version 2 has been deleted in MLflow"),
    ],
)
def test_what_is_not_there_is_refused_with_what_is(filled, asked: str, registry, words: str) -> None:
    with pytest.raises(RequestError, match=words):
        chosen_version(asked, filled, registry)


def test_a_deleted_version_is_named_so_and_the_others_say_whom_the_gate_chose(filled) -> None:
    state = read_models(filled, None, DAY, 5, 12)
    chosen = state.decision["model_version"]
    young = [row for row in state.versions if (DAY - row["week"]).days < 35]
    gone = replace(state, deleted=frozenset([chosen]))
    words = {row["model_version"]: gone.may_trade(row) for row in young}
    assert words.pop(chosen) == "no: it was deleted in MLflow"
    assert (
        state.may_trade({"model_version": chosen, "week": DAY})
        == "no: the gate chose it, but @champion was moved"
    )
    assert gone.may_trade({"model_version": 99, "week": DAY}) == f"no: the gate chose version {chosen}"
    assert all(text == f"no: the gate chose version {chosen}" for text in words.values())
