"""A strategy's backtest as one HTML page that needs no network."""

import html
from collections.abc import Iterable

import numpy as np
import pandas as pd

from okx_core.backtest.metrics.summary import monthly_returns_pct
from okx_services.reports.figures import trades_figure
from okx_services.reports.html_page import (
    html_list,
    html_page,
    html_row,
    html_table,
    paragraph,
    picture,
    section,
)
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
    refused_words,
    regime_rows,
    title_of,
    what_if_rows,
    what_if_words,
)

CHARTED_PAIRS = 12  # with most trades; each is a picture of some 40 kB
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def report_page(found: StrategyRun, origin: str, note: str, deflated: float, tried: int) -> str:
    """The whole report as HTML."""
    title, facts = title_of(found), facts_of(found, origin)
    parts = [
        f"<h1>{html.escape(title)}</h1><p>{html.escape(facts)}</p>",
        f'<p class="note">{html.escape(note)}</p>' if note else "",
        f"<p><b>{html.escape(luck_words(deflated, tried))}</b></p>",
        *(picture(name, figure) for name, figure in figures_of(found).items()),
        section("Figures", html_table(FIGURE_HEAD, figure_rows(found))),
        section("Instead", html_table(BENCHMARK_HEAD, benchmark_rows(found))),
        section("What if", html_table(WHAT_IF_HEAD, what_if_rows(found)) + html_list(what_if_words(found))),
        section("Market regimes", paragraph(REGIME_WORDS) + html_table(REGIME_HEAD, regime_rows(found))),
        section("Return by month, %", _months(found)),
        section("Why positions were closed", html_table(REASON_HEAD, reason_rows(found))),
        section("Costs of closed trades", html_table(COST_HEAD, cost_rows(found))),
        section("Pairs", html_table(PAIR_HEAD, pair_rows(found))),
        section("Entries that were refused", f"<p>{html.escape(refused_words(found))}</p>"),
        section("Trades on the closes", "".join(_charts(found))),
        section("Everything that decides", _specification(found)),
    ]
    return html_page(title, parts)


def _months(found: StrategyRun) -> str:
    """A line a year, a column a month, and the return of the year."""
    monthly = monthly_returns_pct(found.fold.equity, found.capital_quote)
    lines = []
    for year, values in monthly.groupby(pd.DatetimeIndex(monthly.index).year):
        by_month = dict(zip(pd.DatetimeIndex(values.index).month, values, strict=True))
        cells = "".join(_coloured(by_month.get(month)) for month in range(1, 13))
        whole = 100.0 * (float(np.prod(1.0 + values.to_numpy() / 100.0)) - 1.0)
        lines.append(f"<tr><td>{year}</td>{cells}{_coloured(whole)}</tr>")
    return (
        f'<div class="wide"><table>{html_row("th", ("year", *MONTHS, "year"))}{"".join(lines)}</table></div>'
    )


def _coloured(value: float | None) -> str:
    if value is None:
        return "<td></td>"
    kind = "up" if value > 0.0 else "down" if value < 0.0 else ""
    return f'<td class="{kind}">{value:.1f}</td>'


def _charts(found: StrategyRun) -> Iterable[str]:
    """A picture to open for each of the pairs with most trades."""
    counts = found.fold.trades["pair"].value_counts()
    times = pd.date_range(found.start, periods=len(found.closes), freq="h")
    for pair in counts.index[:CHARTED_PAIRS]:
        closes = pd.Series(found.closes[:, found.pairs.index(pair)], index=times)
        trades = found.fold.trades[found.fold.trades["pair"] == pair]
        figure = trades_figure(closes, trades, pair)
        head = f"<summary>{html.escape(pair)}: {counts[pair]} trades</summary>"
        yield f"<details>{head}{picture(pair, figure)}</details>"


def _specification(found: StrategyRun) -> str:
    words = found.spec.to_json()
    plain = [(name, words[name]) for name in ("name", "version", "code")]
    grouped_values = [
        (f"{part}: {name}", value)
        for part in ("parameters", "rules", "exits", "protections")
        for name, value in words[part].items()
    ]
    return html_table(("what", "value"), [[name, f"{value}"] for name, value in (*plain, *grouped_values)])
