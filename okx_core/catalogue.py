"""The features and labels as people read them: one Markdown page each, made from the declarations."""

from collections.abc import Iterable

from okx_core.features.declaration import Feature
from okx_core.features.reference.libraries import CONVENTIONS
from okx_core.features.registry import FEATURES
from okx_core.labels.registry import LABELS

GENERATED = "<!-- Made from the declarations by `okxsignal features --write`; a test compares. -->"


def feature_words() -> dict[str, str]:
    """One line about each feature, for the UI's column schema and SQL's column comments."""
    return {
        feature.name: f"{feature.description}: {feature.formula}, {feature.unit}. {feature.null_rule}."
        for feature in FEATURES
    }


def label_words(horizon_set: str) -> dict[str, str]:
    """The same of the labels of a set, '1d' or '2w'."""
    return {
        label.name: f"{label.description}: {label.formula}, {label.unit}. {label.unknown}".rstrip()
        for label in LABELS
        if label.horizon_set == horizon_set
    }


def features_page() -> str:
    """Every feature by group: what it is, its unit, what it needs, when it is NULL."""
    groups: dict[str, list[Feature]] = {}
    for feature in FEATURES:
        groups.setdefault(feature.group, []).append(feature)
    lines = [
        "# Features",
        "",
        GENERATED,
        "",
        f"{len(FEATURES)} columns of `features.features_1h`, one row per pair and hour, known when the bar has closed.",
        "Windows count hours, not rows: a missing hour makes every window that holds it NULL; nothing is filled in.",
        "Recursive indicators start anew at a fixed bar before each month, so one hour and ten years give equal bytes.",
        "Models train on the scale-free ones that are there when an hour is decided: 15-minute candles come after it.",
        "",
        "**To add one**, write a decorated function into the module of its family, `okx_core/features/indicators`: it",
        "is then a column of the table, of this page, of the checks and of the training set;",
        "`okxsignal validate features` checks it, `okxsignal refresh full` computes its history.",
        "",
        "`x[n]` is x of n bars before, `mean_n`, `sum_n`, `min_n` and `max_n` are",
        "over the last n bars, `EMA_n` is the exponential mean with weight 2 / (n + 1), started from a simple mean.",
        "A feature changes with its inputs alone. Where the plain name is the scale-free form, the one in price units",
        "ends in `_quote`.",
    ]
    for group, features in groups.items():
        lines += ["", f"## {group}", "", *_table(_HEADINGS, (_row(feature) for feature in features))]
    lines += [
        "",
        "## Where TA-Lib and ta count otherwise",
        "",
        "Each indicator that one of them has agrees with it to 1e-9 after warm-up (Bollinger bands with ta to 1e-6: it",
        "keeps running sums); tests and `okxsignal validate features` check it. A flat market, the first bars, ties",
        "and a few rules differ; patterns, and the parabolic SAR of ta, are not compared:",
        "",
        *_table(("feature", "convention"), ((f"`{name}`", said) for name, said in CONVENTIONS.items())),
    ]
    return "\n".join(lines) + "\n"


_HEADINGS = (
    "feature", "what it is", "formula", "source", "inputs", "unit", "scale-free", "recursive",
    "when it is NULL, and edge cases",
)  # fmt: skip


def _row(feature: Feature) -> tuple[str, ...]:
    return (
        f"`{feature.name}`",
        feature.description,
        feature.formula,
        feature.source,
        ", ".join(feature.inputs),
        feature.unit,
        "yes" if feature.scale_free else "no",
        "yes" if feature.anchored else "no",
        feature.null_rule,
    )


def labels_page() -> str:
    """Every label: what it looks at, and how far ahead."""
    rows = (
        (
            f"`{label.name}`",
            f"{label.horizon_hours} h",
            label.unit,
            label.description,
            label.formula,
            label.source,
            label.unknown,
        )
        for label in LABELS
    )
    lines = [
        "# Labels",
        "",
        GENERATED,
        "",
        "What came after a bar closed, measured from its close: labels alone look forward. `ml.labels_1d` holds",
        "horizons up to 24 h, `ml.labels_2w` those of 3 d, 1 w and 2 w; a row is written once, when its last horizon",
        "has passed, and only if no bar inside it is missing: an unknown future is no row, never a zero.",
        "Time is counted in hours, so a missing hour ends a row instead of stretching its horizon. A gap before the",
        "row makes NULL only the labels that look back; the last column says which.",
        "",
        *_table(("label", "horizon", "unit", "what it is", "formula", "source", "when it is NULL"), rows),
    ]
    return "\n".join(lines) + "\n"


def _table(headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> list[str]:
    cells = [tuple(headings)]
    lines = ["| " + " | ".join(cells[0]) + " |", "|" + "---|" * len(cells[0])]
    return lines + ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in rows]
