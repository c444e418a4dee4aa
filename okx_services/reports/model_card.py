"""Model cards: what a version is, what it was made of, what it has shown and where it must not be trusted.

After Mitchell et al. (2019), Model Cards for Model Reporting.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from okx_services.reports.figures import png_uri
from okx_services.reports.markdown import image, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MEMBER_LIMITS = (
    "Its scores compare the pairs of one hour. They say nothing about the direction of the market.",
    "It has learnt from the pairs and the time of its data window, and knows no event that is not in a candle.",
    "Its scores are no returns: what a score is expected to earn is part of the signal model.",
    "It expires: after OKXSIGNAL_CHAMPION_MAX_WEEKS a signal model made of it opens no position.",
)
SIGNAL_LIMITS = (
    "It predicts the return relative to the mean of all pairs: in a falling market the best pair may lose.",
    "Its figures rest on past out-of-sample predictions of these members; they say nothing about regimes not seen.",
    "Costs are those of a liquid pair; the fee gate asks again with the account's fee and the pair's own book.",
    "It may trade only while the promotion gate lets it, and expires after OKXSIGNAL_CHAMPION_MAX_WEEKS.",
)


@dataclass(frozen=True)
class Card:
    """A title, facts by section (lines, or a table as rows under a head), and figures by title."""

    title: str
    sections: Mapping[str, Sequence[str]]
    tables: Mapping[str, tuple[Sequence[str], Sequence[Sequence[str]]]] = field(default_factory=dict)
    figures: Mapping[str, "Figure"] = field(default_factory=dict)

    def markdown(self) -> str:
        """The card as Markdown, figures inline."""
        parts = [f"# {self.title}"]
        for name, lines in self.sections.items():
            parts.append("\n".join((f"## {name}", "", *(f"- {line}" for line in lines))))
        for name, (head, rows) in self.tables.items():
            parts.append(f"## {name}\n\n{table(head, rows) or 'none'}")
        parts += [f"## {title}\n\n{image(title, uri)}" for title, uri in self._images.items()]
        return "\n\n".join(parts) + "\n"

    def html(self) -> str:
        """The same as a page of its own."""
        title = html.escape(self.title)
        parts = [f"<h1>{title}</h1>"]
        for name, lines in self.sections.items():
            items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
            parts.append(f"<h2>{html.escape(name)}</h2><ul>{items}</ul>")
        for name, (head, rows) in self.tables.items():
            body = "".join(_row("td", row) for row in rows)
            parts.append(f"<h2>{html.escape(name)}</h2><table>{_row('th', head)}{body}</table>")
        for name, uri in self._images.items():
            parts.append(f'<h2>{html.escape(name)}</h2><img alt="{html.escape(name)}" src="{uri}">')
        style = "body{font:15px sans-serif;max-width:60em;margin:2em auto}td,th{padding:.2em .8em;text-align:left}"
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f"<style>{style}</style></head><body>{''.join(parts)}</body></html>"
        )

    @cached_property
    def _images(self) -> dict[str, str]:
        """The figures as data URIs, drawn once."""
        return {title: png_uri(figure) for title, figure in self.figures.items()}

    def files(self) -> dict[str, str]:
        """Both forms by file name."""
        return {"model_card.md": self.markdown(), "model_card.html": self.html()}


def _row(cell: str, values: Sequence[Any]) -> str:
    return f"<tr>{''.join(f'<{cell}>{html.escape(str(value))}</{cell}>' for value in values)}</tr>"
