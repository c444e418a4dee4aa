"""The weekly checks of the record: they pass on an honest one, and fail where they must."""

from dataclasses import replace

import numpy as np
import pytest

from okx_services.research.evaluation import model_checks
from okx_services.research.evaluation.model_checks import (
    check_leaks,
    false_promotions,
    newest_record,
    shuffled,
)
from tests.okx_core.models.champions.made_record import made_record
from tests.okx_core.models.champions.test_shift_test import with_leak
from tests.okx_services.research.conftest import MEMBERS, at

NOW = at(40, 100)


@pytest.fixture(scope="module")
def record(market):
    return newest_record(market.store, MEMBERS, NOW)


def test_the_record_is_that_of_the_members_and_holds_no_leak(record) -> None:
    assert set(record.members) == set(MEMBERS)
    found = check_leaks(record)
    assert found.leaking == []
    assert set(found.ends) == {*MEMBERS, "ensemble"}
    assert found.shifted["ensemble"][0] > found.shifted["ensemble"][2]


def test_a_member_that_knows_its_label_is_named() -> None:
    longer = made_record(4, 0.0, weeks=52)
    leaked = with_leak(longer.members["one"], longer.closes, 24, 4)
    spoilt = replace(longer, members={**longer.members, "one": leaked})
    assert check_leaks(spoilt).leaking == ["one"]
    assert check_leaks(longer).leaking == []


def test_the_gate_refuses_scores_that_were_dealt_to_other_pairs(record) -> None:
    assert false_promotions(record, 4, 10) == 0


def test_a_gate_that_lets_everything_pass_is_found(record, monkeypatch: pytest.MonkeyPatch) -> None:
    class Passes:
        passed = True

    monkeypatch.setattr(model_checks, "evidence", lambda *_: Passes())
    assert false_promotions(record, 4, 10) == 10 > 10 * model_checks.MAX_FALSE_SHARE


def test_shuffling_keeps_each_hours_scores_and_moves_whole_pairs(record) -> None:
    dealt = shuffled(record, np.random.default_rng(3))
    np.testing.assert_array_equal(np.sort(dealt.score, axis=1), np.sort(record.score, axis=1))
    first = slice(0, model_checks.BLOCK_HOURS)
    columns = [record.score[first][:, pair].tobytes() for pair in range(record.score.shape[1])]
    assert sorted(columns) == sorted(dealt.score[first][:, pair].tobytes() for pair in range(len(columns)))
    assert not np.array_equal(dealt.score, record.score, equal_nan=True)


def test_nothing_is_checked_before_there_are_versions(database) -> None:
    from resources.feature_store.root import StoreRoot
    from resources.feature_store.store import FeatureStore

    assert newest_record(FeatureStore(database, StoreRoot("memory://none")), MEMBERS, NOW) is None
