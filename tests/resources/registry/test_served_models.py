"""What MLflow serves is what we read: files without pickle, columns by name, other files refused."""

import json

import numpy as np
import pandas as pd
import pytest

from okx_core.models.champions.signal_model import SignalModel, SignalModelError
from okx_core.models.members import ALGORITHMS, Fitted, MemberError
from okx_core.models.ranks import matrix_ranks
from okx_core.models.walk_forward import fitted_at
from resources.registry import served_member, served_signal
from tests.made_panel import SCHEDULE, made_panel, member

NAMES = ("drift", "noise", "historical_vol_30")


@pytest.fixture(scope="module", params=["lightgbm", "ridge"])
def fitted(request) -> Fitted:
    panel = made_panel()
    found = fitted_at(panel, member(request.param, features=NAMES), SCHEDULE, SCHEDULE.dates(panel.hours)[1])
    assert found is not None
    return found


@pytest.fixture(scope="module")
def hour() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(rng.normal(size=(6, 3)).astype(np.float32), columns=list(NAMES))


def expected(fitted: Fitted, hour: pd.DataFrame) -> np.ndarray:
    matrix = hour[list(NAMES)].to_numpy(np.float32)
    ranked = matrix_ranks(matrix, np.zeros(len(matrix), np.int64)) if fitted.spec.ranked else matrix
    return fitted.estimator.predict(ranked)


def test_a_member_reads_back_from_a_folder_and_predicts_the_same(fitted, hour, tmp_path) -> None:
    for name, content in served_member.files_of(fitted).items():
        (tmp_path / name).write_bytes(content)
    served = served_member._load_pyfunc(str(tmp_path))
    assert served.fitted.spec == fitted.spec
    np.testing.assert_array_equal(served.predict(hour), expected(fitted, hour))


def test_columns_are_taken_by_name_and_further_ones_do_not_count(fitted, hour) -> None:
    served = served_member.ServedMember(fitted)
    shuffled = hour[[NAMES[2], NAMES[0], NAMES[1]]].assign(other=1.0)
    np.testing.assert_array_equal(served.predict(shuffled), served.predict(hour))


def test_a_missing_column_is_refused_by_name(fitted, hour) -> None:
    with pytest.raises(MemberError, match="missing: noise"):
        served_member.ServedMember(fitted).predict(hour.drop(columns="noise"))


@pytest.mark.parametrize(
    "change",
    [
        {"specification": {"algorithm": "oracle"}},
        {"features": None},
        {"specification": {"brand_new": 1}},
    ],
)
def test_files_of_another_version_are_refused(fitted, change) -> None:
    files = served_member.files_of(fitted)
    words = json.loads(files["member.json"])
    for name, value in change.items():
        words[name] = {**words[name], **value} if isinstance(value, dict) else value
    with pytest.raises(MemberError, match=r"no algorithm oracle|cannot be read"):
        served_member.member_from({**files, "member.json": json.dumps(words).encode()})


def test_missing_files_are_no_member() -> None:
    with pytest.raises(
        MemberError, match=r"member\.json is missing among its files; put another version in charge"
    ):
        served_member.member_from({})


class TestSignal:
    MODEL = SignalModel("2026-08-09", {"a": 1, "b": 2}, {"a": 0.75, "b": 0.25}, None, False)

    def test_it_reads_back_and_ranks_the_pairs_of_an_hour(self, tmp_path) -> None:
        for name, content in served_signal.files_of(self.MODEL).items():
            (tmp_path / name).write_bytes(content)
        served = served_signal._load_pyfunc(str(tmp_path))
        rows = pd.DataFrame({"a": [3.0, 2.0, 1.0], "b": [1.0, 2.0, 3.0], "historical_vol_30": 50.0})
        found = served.predict(rows)
        assert found["score"].tolist() == [0.5, 0.0, -0.5]
        assert found["predicted_excess_pct"].isna().all()

    def test_other_files_are_refused(self) -> None:
        with pytest.raises(SignalModelError, match="this is no signal model"):
            served_signal.signal_model_from({"signal_model.json": b"{}"})
        with pytest.raises(SignalModelError, match="this is no signal model"):
            served_signal.signal_model_from({})


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
@pytest.mark.parametrize("data", [b"", b"garbage", None])
def test_a_damaged_file_is_refused_before_any_library_reads_it(algorithm: str, data: bytes | None) -> None:
    """Some libraries end the process over bytes that were cut: the digest is asked first."""
    files = served_member.files_of(fitted_at(made_panel(), member(algorithm), SCHEDULE, 900))
    cut = files["member.bin"][: len(files["member.bin"]) // 2] if data is None else data
    with pytest.raises(
        MemberError, match=r"member\.bin is not what was written .* put another version in charge"
    ):
        served_member.member_from({**files, "member.bin": cut})
    assert served_member.member_from(files).to_bytes() == files["member.bin"] or algorithm == "catboost"
