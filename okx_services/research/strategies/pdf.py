"""A strategy's backtest as a PDF: a page of figures, then pictures and tables."""

from collections.abc import Sequence
from io import BytesIO
from textwrap import fill
from typing import TYPE_CHECKING

from okx_services.reports.figures import new_figure
from okx_services.research.strategies.backtest import StrategyRun
from okx_services.research.strategies.tables import (
    BENCHMARK_HEAD,
    COST_HEAD,
    FIGURE_HEAD,
    PAIR_HEAD,
    REASON_HEAD,
    REGIME_HEAD,
    REGIME_WORDS,
    WHAT_IF_HEAD,
    benchmark_rows,
    cost_rows,
    facts_of,
    figure_rows,
    figures_of,
    luck_words,
    pair_rows,
    reason_rows,
    regime_rows,
    title_of,
    what_if_rows,
    what_if_words,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 8.27, 11.69  # A4, inches
ROWS, LINE = 44, 0.019  # of a table on one page, and the height of one as a part of the page
LETTERS = 95  # in a line of text


def report_pdf(found: StrategyRun, origin: str, note: str, deflated: float, tried: int) -> bytes:
    """The report as a PDF file."""
    from matplotlib.backends.backend_pdf import PdfPages

    words = "\n\n".join(text for text in (facts_of(found, origin), note, luck_words(deflated, tried)) if text)
    buffer = BytesIO()
    with PdfPages(buffer) as pages:
        pages.savefig(_table_page(title_of(found), words, FIGURE_HEAD, figure_rows(found)))
        for figure in figures_of(found).values():
            pages.savefig(figure)
        read = "\n".join(what_if_words(found))
        pages.savefig(_table_page("What if", read, WHAT_IF_HEAD, what_if_rows(found)))
        pages.savefig(_table_page("Market regimes", REGIME_WORDS, REGIME_HEAD, regime_rows(found)))
        for title, head, rows in (
            ("Instead", BENCHMARK_HEAD, benchmark_rows(found)),
            ("Why positions were closed", REASON_HEAD, reason_rows(found)),
            ("Costs of closed trades", COST_HEAD, cost_rows(found)),
            ("Pairs", PAIR_HEAD, pair_rows(found)),
        ):
            for first in range(0, len(rows), ROWS):
                pages.savefig(_table_page(title, "", head, rows[first : first + ROWS]))
    return buffer.getvalue()


def _table_page(title: str, words: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> "Figure":
    """A page with a title, some text and a table below it."""
    from matplotlib.transforms import Bbox

    figure = new_figure(WIDTH, HEIGHT)
    figure.set_layout_engine("none")
    lines = "\n".join(fill(part, LETTERS) for part in words.splitlines())
    figure.text(0.08, 0.95, title, fontsize=16, va="top")
    figure.text(0.08, 0.915, lines, fontsize=9, va="top")
    top = 0.90 - LINE * 0.75 * (lines.count("\n") + 1 if lines else 0)
    height = LINE * (len(rows) + 1)
    axes = figure.add_axes((0.08, top - height, 0.84, height))
    axes.axis("off")
    made = axes.table(
        [list(row) for row in rows],
        colLabels=list(head),
        colWidths=_widths([head, *rows]),
        cellLoc="right",
        edges="horizontal",
        bbox=Bbox.unit(),
    )
    made.auto_set_font_size(value=False)
    made.set_fontsize(8)
    for (_, column), cell in made.get_celld().items():
        cell.set_edgecolor("0.85")
        if column == 0:
            cell.set_text_props(ha="left")
    return figure


def _widths(rows: Sequence[Sequence[str]]) -> list[float]:
    """The share of each column: by its longest text."""
    letters = [2 + max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [count / sum(letters) for count in letters]
