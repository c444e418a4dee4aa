"""A search over parameters as one HTML page that needs no network."""

import html
from typing import TYPE_CHECKING

from okx_services.reports.html_page import html_list, html_page, html_table, paragraph, picture, section
from okx_services.reports.markdown import shown
from okx_services.research.tuning.tables import (
    CHOICE_HEAD,
    FIGURE_HEAD,
    INSTEAD_HEAD,
    NEIGHBOUR_HEAD,
    choice_rows,
    figure_rows,
    instead_rows,
    neighbour_rows,
    variant_frame,
)
from okx_services.research.tuning.tune import Tuned
from resources.registry.pictures import svg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

HOW = (
    "Each row was chosen by the Sharpe ratio of daily returns after costs of the hours before it alone, then traded "
    "on its own hours, which chose nothing. Together these hours are the figures above."
)
PLATEAU = (
    "Each point is a variant, scored on the whole window. A good parameter has many good neighbours. One point above "
    "all others is most likely luck."
)


def tuning_page(found: Tuned, origin: str, note: str, figures: "Mapping[str, Figure]") -> str:
    """The whole page as HTML; `figures` as `figures_of` makes them."""
    title = f"Parameters of {found.strategy}"
    advice = found.recommendation
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        paragraph(facts_of(found, origin)),
        f'<p class="note">{html.escape(note)}</p>' if note else "",
        f"<p><b>{html.escape(advice.sentence)}</b></p>",
        html_list(advice.reasons),
        paragraph(advice.evidence),
        picture("equity", figures["equity"]),
        section("Figures", html_table(FIGURE_HEAD, figure_rows(found))),
        section("Instead", html_table(INSTEAD_HEAD, instead_rows(found))),
        section("What each fold chose", paragraph(HOW) + html_table(CHOICE_HEAD, choice_rows(found))),
        section("Plateau or peak", _plateau(found, figures["plateau"])),
        section("Every variant", _variants(found)),
    ]
    return html_page(title, parts)


def facts_of(found: Tuned, origin: str) -> str:
    """What was searched, on which hours."""
    trader, panel = found.trader, found.trader.market.panel
    ranges = ", ".join(
        f"{name} {one.low:g} to {one.high:g}{' (log)' if one.log else ''}"
        for name, one in trader.variation.ranges.items()
    )
    fixed = ", ".join(f"{name}={value}" for name, value in trader.variation.fixed.items())
    return (
        f"{origin}: {len(panel.pairs)} pairs, {panel.moment(0):%Y-%m-%d} to {panel.moment(len(panel.close)):%Y-%m-%d}, "
        f"{trader.capital_quote:,.0f} quote to begin with. {len(found.search.scored)} variants and "
        f"{len(found.search.neighbours)} neighbours of the best, {len(found.search.choices)} folds. Varied: {ranges}."
        + (f" Fixed: {fixed}." if fixed else "")
    )


def _plateau(found: Tuned, figure: "Figure") -> str:
    words = found.recommendation.plateau.words
    return (
        f'{paragraph(PLATEAU)}<div class="wide">{svg(figure)}</div>{paragraph(words[0].upper() + words[1:] + ".")}'
        f"{html_table(NEIGHBOUR_HEAD, neighbour_rows(found))}"
    )


def _variants(found: Tuned) -> str:
    frame = variant_frame(found)
    rows = [
        [value if isinstance(value, str) else shown(value, 4) for value in row]
        for row in frame.itertuples(index=False)
    ]
    held = html_table([str(name) for name in frame], rows)
    return f"<details><summary>{len(rows)} variants, the best first</summary>{held}</details>"
