"""The pages in docs/ are those of the declarations; every feature can be looked up."""

from io import StringIO

import pytest
from rich.console import Console

from okx_core.errors import OkxSignalError
from okx_core.features.registry import FEATURES
from okx_core.labels.registry import LABELS
from okx_jobs.cli.feature_guide import DOCS, PAGES, print_features


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `okxsignal features --write`"


def test_every_feature_and_label_is_on_its_page() -> None:
    features, labels = PAGES["features.md"](), PAGES["labels.md"]()
    assert [feature.name for feature in FEATURES if f"| `{feature.name}` |" not in features] == []
    assert [label.name for label in LABELS if f"| `{label.name}` |" not in labels] == []


def test_each_feature_can_be_explained_and_a_misspelt_one_suggests_the_right_one() -> None:
    console = Console(record=True, width=200, file=StringIO())
    for feature in FEATURES:
        print_features(feature.name, console)
    assert all(feature.null_rule in console.export_text(clear=False) for feature in FEATURES[:3])
    with pytest.raises(OkxSignalError, match="did you mean rsi_slope"):
        print_features("rsi_slop", console)
