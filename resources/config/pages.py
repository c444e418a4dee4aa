"""The settings as pages: docs/settings.md and .env.example, made from the declarations."""

from collections.abc import Iterator
from itertools import groupby

from resources.config.declarations import Declaration, declarations

GENERATED = "Made from the declarations by `okxsignal config --write-docs`; a test compares."


def groups() -> Iterator[tuple[str, list[Declaration]]]:
    """The settings by subject."""
    for group, members in groupby(declarations(), key=lambda declared: declared.group):
        yield group, list(members)


def settings_page() -> str:
    """Every setting by group: variable, default, form and meaning."""
    lines = [
        "# Settings",
        "",
        f"<!-- {GENERATED} -->",
        "",
        "A setting is an environment variable, a line of the home's `market.env`, or a line of a `.env`: of the home,",
        "of the current folder, of the project, in this order of precedence. `.env` is read once per process; a",
        "relative path in it is relative to its folder. A variable `OKXSIGNAL_*` that is not on this page is an error.",
        "`okxsignal config` prints each value and its source, `status` and `doctor` the files read; secrets are",
        "masked.",
        "",
        "`market.env` is written by `okxsignal demo`: it holds the tape of a home that has its own market.",
    ]
    for group, members in groups():
        lines += ["", f"## {group}", "", "| variable | default | form | meaning |", "|---|---|---|---|"]
        lines += [_row(declared) for declared in members]
    return "\n".join(lines) + "\n"


def _row(declared: Declaration) -> str:
    default = f"`{declared.default.replace(',', ', ')}`" if declared.default else ""
    form = f"{declared.form} (secret)" if declared.is_secret else declared.form
    return f"| `{declared.variable}` | {default} | {form} | {declared.meaning} |"


def example_file() -> str:
    """A `.env` in which every setting is a comment with its default."""
    lines = [
        f"# {GENERATED}",
        "# Copy this file to .env, here or in the home, and remove the # in front of a line.",
    ]
    for group, members in groups():
        lines += ["", f"## {group}"]
        for declared in members:
            lines += [f"# {declared.meaning} ({declared.form})", f"#{declared.variable}={declared.default}"]
    return "\n".join(lines) + "\n"
