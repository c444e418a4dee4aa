"""One idea, one word: names and metaphors that were replaced stay away."""

import re
from pathlib import Path

SEARCHED = (".py", ".md", ".sql", ".toml", ".yaml", "")
# Migrations that were applied cannot change; this file names what it looks for.
LEFT_OUT = (
    "dbt_like_sql/schema/001",
    "dbt_like_sql/schema/002",
    "dbt_like_sql/schema/004",
    "dbt_like_sql/schema/005",
    "tests/architecture/",
)
OLD_NAMES = (
    "objection", "staleness", "verdict", "breach", "lock_reason", "ExecutionDesk", "TradingDesk", "AlgoDesk",
    "spoken_for", "make_up", "require_nobody_home", "Happening", "Outlook", "Knobs", "Seams", "Roster", "burial",
    "deaf", "_mended", "judge", "judged", "judge_gaps", "_judged", "prediction_pct", "proofs", "peers", "families",
)  # fmt: skip
# Metaphors that are no word of the field: not as a part of a name either.
PARTS_OF_NAMES = (
    "burial", "unburied", "outlook", "knobs", "seams", "roster", "judge", "judged", "judgement", "deaf", "mended",
    "heard",
)  # fmt: skip
OLD_PREFIXES = ("MOST_", "LEAST_", "LONGEST_", "FEWEST_")
METAPHORS = (
    "speaks", "speak", "stands", "stood", "told", "tells", "lives", "lived", "judges", "proves", "desk", "heard",
)  # fmt: skip
# The benchmarks compare with peers in the ordinary sense of the word.
EXPLAINED = {"peers": ("benchmarks/", "README.md")}


def searched(root: Path, tracked: list[str]) -> dict[str, str]:
    """Text of every file that people read."""
    return {
        name: (root / name).read_text(encoding="utf-8", errors="replace")
        for name in tracked
        if Path(name).suffix in SEARCHED
        and not name.startswith(LEFT_OUT)
        and Path(name).name != "constraints.txt"
    }


def found(texts: dict[str, str], words: tuple[str, ...], pattern: str) -> list[str]:
    return [
        f"{name}: {match[0]}"
        for name, text in texts.items()
        for word in words
        if word not in EXPLAINED or not name.startswith(EXPLAINED[word])
        for match in re.finditer(pattern.format(word), text)
    ]


def test_replaced_names_do_not_come_back(root: Path, tracked: list[str]) -> None:
    texts = searched(root, tracked)
    assert len(texts) > 400
    assert found(texts, OLD_NAMES, r"(?<![\w]){0}(?!\w)") == []
    assert found(texts, OLD_PREFIXES, r"\b{0}[A-Z]") == []
    assert found(texts, PARTS_OF_NAMES, r"(?i)(?<![a-z]){0}(?![a-z])") == []


def test_metaphors_do_not_come_back(root: Path, tracked: list[str]) -> None:
    assert found(searched(root, tracked), METAPHORS, r"(?i)\b{0}\b") == []
