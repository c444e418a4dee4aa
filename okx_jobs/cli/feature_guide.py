"""Features, labels and tables to look up: in a terminal, and as pages of docs/."""

from difflib import get_close_matches
from pathlib import Path

from rich.console import Console
from rich.table import Table

from okx_core.catalogue import features_page, labels_page
from okx_core.errors import OkxSignalError
from okx_core.features.reference.libraries import CONVENTIONS
from okx_core.features.registry import FEATURES, feature_names
from resources.postgres.table_dictionary import tables_page

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"features.md": features_page, "labels.md": labels_page, "tables.md": tables_page}


def print_features(name: str | None, console: Console) -> None:
    """All features as a table, or everything that is declared of one."""
    if name is not None:
        _explain(name, console)
        return
    table = Table("feature", "group", "unit", "what it is")
    for feature in FEATURES:
        table.add_row(feature.name, feature.group, feature.unit, feature.description)
    console.print(table)
    console.print(
        f"{len(FEATURES)} features; `okxsignal features NAME` explains one, docs/features.md has them all."
    )


def _explain(name: str, console: Console) -> None:
    feature = next((feature for feature in FEATURES if feature.name == name), None)
    if feature is None:
        near = get_close_matches(name, feature_names(), 3)
        remedy = f"did you mean {', '.join(near)}" if near else "see `okxsignal features`"
        raise OkxSignalError(f"no feature is called {name!r}; {remedy}")
    facts = {
        "feature": feature.name,
        "group": feature.group,
        "what it is": feature.description,
        "formula": feature.formula,
        "source": feature.source or "elementary, or ours",
        "inputs": ", ".join(feature.inputs),
        "unit": feature.unit,
        "scale-free": "yes, models train on it" if feature.scale_free else "no, models leave it out",
        "recursive": "yes, anchored at month starts" if feature.anchored else "no",
        "NULL": feature.null_rule,
        "convention": CONVENTIONS.get(feature.name, "as published"),
        "column": f"features.features_1h.{feature.name}",
    }
    for title, text in facts.items():
        console.print(f"{title:<12} {text}", soft_wrap=True, markup=False)


def write_pages(console: Console) -> None:
    """Every page, made from the declarations."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
        console.print(f"written: docs/{name}")
