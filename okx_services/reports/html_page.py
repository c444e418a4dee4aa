"""Parts of an HTML page that needs no network."""

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from okx_services.reports.figures import png_uri

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = """body{font:15px/1.5 sans-serif;max-width:64em;margin:1em auto;padding:0 1em;color:#222}
h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}img,svg{max-width:100%;height:auto}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.2em .7em;text-align:right;border-bottom:1px solid #e3e3e3;white-space:nowrap}
td:first-child,th:first-child{text-align:left}.note{background:#fff4d6;padding:.6em 1em}
.up{background:#e3f4e3}.down{background:#fae3e3}summary{cursor:pointer;padding:.3em 0}"""


def html_page(title: str, parts: Iterable[str]) -> str:
    """A page of parts that are HTML already."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body>{''.join(parts)}</body></html>"
    )


def section(title: str, body: str) -> str:
    """A heading and what is below it; `none` where nothing is."""
    return f"<h2>{html.escape(title)}</h2>{body or '<p>none</p>'}"


def paragraph(words: str) -> str:
    """Plain text; empty without any."""
    return f"<p>{html.escape(words)}</p>" if words else ""


def html_list(lines: Iterable[str]) -> str:
    """A line of text for each; empty without any."""
    body = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul>{body}</ul>" if body else ""


def picture(name: str, figure: "Figure") -> str:
    """A figure as an image inside the page."""
    words = html.escape(name.replace("_", " "))
    return f'<p><img alt="{words}" src="{png_uri(figure)}"></p>'


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls sideways where it is too wide; empty without rows."""
    body = "".join(html_row("td", row) for row in rows)
    return f'<div class="wide"><table>{html_row("th", head)}{body}</table></div>' if body else ""


def html_row(cell: str, values: Sequence[str]) -> str:
    """A row of cells `td` or `th`."""
    return f"<tr>{''.join(f'<{cell}>{html.escape(value)}</{cell}>' for value in values)}</tr>"
