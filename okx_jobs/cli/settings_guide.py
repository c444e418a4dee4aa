"""`okxsignal config`: every setting with its value, source and meaning; secrets are masked."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from resources.config.declarations import PROJECT, Declaration, as_text
from resources.config.masking import masked
from resources.config.pages import example_file, groups, settings_page
from resources.config.settings import found_values, load_settings, places_of_settings

PAGES = {"docs/settings.md": settings_page, ".env.example": example_file}
MASK = "***"


@dataclass(frozen=True)
class ShownSetting:
    """One setting of this process, fit for a terminal."""

    declared: Declaration
    value: str
    source: str
    place: str


def shown_settings() -> Iterator[tuple[str, list[ShownSetting]]]:
    """The settings of this process by subject. The opt-ins of live trading are not asked for."""
    found, settings = found_values(), load_settings(trading=False)
    for group, members in groups():
        shown = []
        for declared in members:
            given = found.get(declared.field)
            text = given.text if declared.is_secret and given else as_text(getattr(settings, declared.field))
            source, place = (given.source, given.place) if given else ("default", "")
            shown.append(ShownSetting(declared, _mask(declared, text), source, place))
        yield group, shown


def _mask(declared: Declaration, text: str) -> str:
    """A mask for a secret; of an address only its password is hidden."""
    if declared.is_secret and declared.field != "database_url":
        return MASK * bool(text)
    return masked(text)


def print_settings(console: Console) -> None:
    """One table per subject."""
    for group, members in shown_settings():
        table = Table(
            "variable", "value", "source", "meaning", title=group, title_justify="left", title_style="bold"
        )
        for shown in members:
            style = "" if shown.source == "default" else "bold"
            value = escape(shown.value.replace(",", ", ")) or "[dim]unset[/dim]"
            table.add_row(shown.declared.variable, value, shown.source, shown.declared.meaning, style=style)
        console.print(table)
    console.print(
        f"read from {places_of_settings(load_settings(trading=False).home)}", soft_wrap=True, highlight=False
    )
    console.print(
        "docs/settings.md lists the form and default of each setting; .env.example is a file to copy."
    )


def settings_as_json() -> str:
    """The same for programs."""
    rows = [
        {
            "variable": shown.declared.variable,
            "value": shown.value,
            "source": shown.source,
            "place": shown.place,
            "group": group,
            "default": shown.declared.default,
            "form": shown.declared.form,
            "meaning": shown.declared.meaning,
            "secret": shown.declared.is_secret,
        }
        for group, members in shown_settings()
        for shown in members
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False)


def write_pages(console: Console) -> None:
    """Both pages, made from the declarations."""
    for name, page in PAGES.items():
        (PROJECT / name).write_text(page(), encoding="utf-8")
        console.print(f"written: {name}")
