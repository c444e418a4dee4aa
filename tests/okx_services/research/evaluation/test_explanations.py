"""Signals that were nearly traded are explained, and the explanation is that of the score that was stored."""

import numpy as np
import pandas as pd
import pytest

from okx_core.decisions.gates import PASS
from okx_core.decisions.rules import DecisionRules
from okx_services.reports.explanations import ensemble_importance_figure, explanation_table
from okx_services.research.champions import decide_weeks
from okx_services.research.evaluation.explanations import TABLE, explain_hours, nearly_traded
from okx_services.research.scoring import SIGNALS, score_window
from okx_services.research.signal_versions import make_versions
from resources.registry.tracking import CHAMPION, SIGNAL_MODEL, member_model
from tests.okx_services.research.conftest import HOUR, MEMBERS, NAMES, WEEKS, Registry, at, week_of

NOW, LIVE = at(40, 100), at(40, 99)


@pytest.fixture(scope="module")
def explained(market):
    """The market with a champion and stored signals of the newest hours."""
    weeks = [week_of(n) for n in range(12, WEEKS)]
    make_versions(market.store, market.registry, weeks, MEMBERS, NOW, "run")
    decide_weeks(market.store, market.registry, weeks, NOW, 13)
    market.registry.aliases[CHAMPION] = 4
    found = score_window(market.store, market.registry, LIVE, NOW, LIVE, 13, DecisionRules())
    rows = found.rows.assign(gate_universe=PASS)
    market.store.database.replace_window(SIGNALS, rows, LIVE, NOW)
    yield market
    market.store.database.execute("delete from trading.signals")


def test_the_rows_add_up_and_belong_to_the_stored_scores(explained) -> None:
    found = explain_hours(explained.store, explained.registry, LIVE, NOW)
    assert (found.differing, found.failures) == ((), ())
    assert set(found.rows["feature"]) <= {*NAMES, "(base)"}
    for _, group in found.rows.groupby("pair"):
        assert group["place"].tolist() == list(range(1, len(group) + 1))
        # Every feature is among the ten: here the rows are the whole score.
        assert group["contribution"].sum() == pytest.approx(group["relative_score"].iloc[0])
        assert group["contribution"].abs().is_monotonic_decreasing
    stored = explained.store.database.replace_window(TABLE, found.rows, LIVE, NOW)
    assert stored == len(found.rows) > 0
    assert "drift" in explanation_table(found.rows)


def test_a_score_that_was_changed_after_the_decision_is_found(explained) -> None:
    with pytest.MonkeyPatch.context() as patch:
        from okx_services.research.evaluation import explanations

        held = explanations.stored
        patch.setattr(
            explanations, "stored", lambda *args: held(*args).assign(score=lambda rows: rows["score"] + 0.01)
        )
        found = explain_hours(explained.store, explained.registry, LIVE, NOW)
    assert len(found.differing) == len(MEMBERS)
    assert MEMBERS[0] in found.differing[0]


def test_a_deleted_member_leaves_the_hour_without_and_says_why(explained) -> None:
    registry = Registry(dict(explained.registry.versions), dict(explained.registry.aliases))
    del registry.versions[member_model(MEMBERS[1]), 4]
    found = explain_hours(explained.store, registry, LIVE, NOW)
    assert found.rows.empty
    assert "cannot be loaded" in found.failures[0]


def test_hours_without_signals_have_no_explanation(explained) -> None:
    assert explain_hours(explained.store, explained.registry, at(39), at(39, 5)).rows.empty


def test_a_pair_that_two_gates_reject_was_not_nearly_traded() -> None:
    from okx_services.reports.signals import GATES

    rows = pd.DataFrame(
        {"pair": list("ABCD"), "predicted_excess_pct": [1.0, 3.0, 2.0, np.nan], **dict.fromkeys(GATES, PASS)}
    )
    rows.loc[0, GATES[0]] = "no"
    rows.loc[2, [GATES[0], GATES[1]]] = "no"
    assert nearly_traded(rows) == ["B", "A"]


@pytest.mark.parametrize("name", MEMBERS)
def test_versions_have_a_card_and_the_newest_a_figure_of_their_features(explained, name: str) -> None:
    held = explained.registry.versions
    old, new = held[member_model(name), 1], held[member_model(name), 4]
    assert "importance" not in old.figures
    assert new.figures["importance"].axes[0].get_title() == "Importance (SHAP)"
    assert next(iter(new.documents["importance"])) == "drift"
    card = new.texts["model_card.md"]
    sections = [line.removeprefix("## ") for line in card.splitlines() if line.startswith("## ")]
    assert {"Data", "Window", "Features (3)", "Evidence", "Limits"} <= set(sections)
    assert "data:image/png" in card
    assert "<h2>Limits</h2>" in new.texts["model_card.html"]
    assert "Most important features" in new.description


def test_the_newest_signal_version_shows_what_its_members_rest_on_by_weight(explained) -> None:
    held = explained.registry.versions
    assert "importance" not in held[SIGNAL_MODEL, 1].figures
    axes = held[SIGNAL_MODEL, 4].figures["importance"].axes[0]
    assert axes.get_yticklabels()[-1].get_text() == "drift"
    assert [label.get_text() for label in axes.get_legend().get_texts()] == list(MEMBERS)


def test_shares_of_an_ensemble_add_up_to_the_weights_of_the_members_that_rest_on_something() -> None:
    members = {"one": {"a": 3.0, "b": 1.0}, "two": {"b": 0.2}, "idle": {"a": 0.0}}
    axes = ensemble_importance_figure(members, {"one": 0.4, "two": 0.5, "idle": 0.1}).axes[0]
    widths = np.array([bar.get_width() for bar in axes.patches]).reshape(3, 2)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert widths.tolist() == pytest.approx(np.array([[0.3, 0.1], [0.0, 0.5], [0.0, 0.0]]))


def test_the_card_of_a_signal_version_holds_members_weights_and_evidence(explained) -> None:
    new = explained.registry.versions[SIGNAL_MODEL, 4]
    card = new.texts["model_card.md"]
    assert f"| {MEMBERS[0]} | 4 |" in card
    assert "volatility-neutral IC" in card
    assert "When it was made" in new.description
    assert "<table>" in new.texts["model_card.html"]


def test_a_pair_seen_for_the_first_time_in_the_hour_is_explained_without_a_stored_score(explained) -> None:
    """A stored score of another version says nothing of this one: it is not compared."""
    explained.store.database.execute(
        "update trading.signals set timestamp_utc = timestamp_utc - interval '1 week'"
    )
    found = explain_hours(explained.store, explained.registry, LIVE - 168 * HOUR, NOW - 168 * HOUR)
    assert found.differing == ()
    assert not found.rows.empty
    explained.store.database.execute(
        "update trading.signals set timestamp_utc = timestamp_utc + interval '1 week'"
    )
