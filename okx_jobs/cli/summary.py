"""The summary that a run prints: row counts, models, backtest, signals, positions."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from okx_assets import keys
from okx_core.models.member_names import MEMBER_NAMES
from okx_services.reports import signals, trading
from okx_services.reports.backtest import BENCHMARK_HEAD, read_backtest
from okx_services.reports.markdown import shown
from okx_services.reports.market_origin import market_label, market_note
from okx_services.reports.models import EVIDENCE_HEAD, evidence_rows
from okx_services.research.predictions import TABLE as PREDICTIONS
from okx_services.research.predictions import store_table
from resources.config.settings import Settings
from resources.feature_store.manifest import Manifest
from resources.postgres.database import Database, psql_command
from resources.postgres.queries import query
from resources.registry.tracking import SIGNAL_MODEL
from resources.web_pages import asset_graph_page, asset_page, model_page

TABLES = (
    "market.universe", "market.candles_1h", "market.candles_4h", "market.candles_1d", "features.features_1h",
    "ml.labels_1d", "ml.labels_2w", "ml.model_versions", "ml.predictions", "ml.signal_versions", "ml.champions",
    "trading.signals", "backtests.runs", "backtests.trades", "backtests.equity", "trading.intents", "trading.orders",
    "trading.fills", "trading.positions", "marts.candles_1h",
)  # fmt: skip

SHOWN_VERSIONS = 8
HISTORY = ("features.features_1h", "ml.labels_1d", "ml.labels_2w")  # whole in the feature store only

SAMPLE_QUERY = "select * from marts.candles_1h where pair = 'BTC-USDT' order by timestamp_utc desc limit 5"


def print_summary(
    console: Console, database: Database, settings: Settings, command: str = "okxsignal"
) -> None:
    """Rows, models, backtest, signals, orders, positions and what to open next."""
    market = str(database.scalar("select identity from ops.market_source") or "")
    console.print(_rows(database))
    for figures in (_models, _evidence, _backtest, _benchmarks, _signals, _positions):
        console.print(figures(database, market_label(market)))
    if market_note(market):
        console.print(f"\n{market_note(market)}", soft_wrap=True)
    console.print(_next_steps(settings, database, command), highlight=False, soft_wrap=True)


def print_rows(console: Console, database: Database) -> None:
    """What is stored so far, while the rest is still being made."""
    table = _rows(database)
    table.title = "Rows so far: data, features and labels are there, models and trading follow"
    console.print(table)


def row_counts(database: Database) -> dict[str, int]:
    """Rows per table: of features, labels and predictions all, of which SQL holds the newest days."""
    manifest = Manifest(database)
    members = [store_table(name) for name in MEMBER_NAMES]
    held = {table: [table] for table in HISTORY} | {PREDICTIONS: members}
    return {
        table: sum(map(manifest.row_count, held[table])) if table in held else _count(database, table)
        for table in TABLES
    }


def _count(database: Database, table: str) -> int:
    return int(database.scalar(f"select count(*) from {table}"))  # noqa: S608


def _rows(database: Database) -> Table:
    table = Table("table", "rows", "of them in SQL", title="Rows per table", title_justify="left")
    for name, count in row_counts(database).items():
        table.add_row(
            name, f"{count:,}", f"{_count(database, name) if name in (*HISTORY, PREDICTIONS) else count:,}"
        )
    return table


def _titled(title: str, label: str) -> str:
    """The title with the mark of a synthetic market, so that no figure is read as one of a real market."""
    return f"{title} [bold yellow]({label})[/bold yellow]" if label else title


def _models(database: Database, label: str) -> Table:
    """The newest versions of the signal model, and what the gate said of them."""
    table = Table(
        "made for", "version", "members", "weeks in charge",
        title=_titled(_decision_title(database), label), title_justify="left",
    )  # fmt: skip
    for row in database.rows(query("newest_signal_versions"), (SHOWN_VERSIONS,)):
        table.add_row(
            str(row["week"]),
            str(row["model_version"]),
            ", ".join(row["members"]),
            str(row["weeks_in_charge"]),
        )
    return table


def _decision_title(database: Database) -> str:
    rows = database.rows(
        "select week, model_version, reason from ml.champions where model_name = $1 order by week desc limit 1",
        (SIGNAL_MODEL,),
    )
    if not rows:
        return "Signal model: nothing has been decided yet"
    version, reason = rows[0]["model_version"], rows[0]["reason"]
    if version is None:
        return f"Signal model: no model passed the gate in the week of {rows[0]['week']}, nothing is traded: {reason}"
    return f"Signal model: version {version} is in charge of the week of {rows[0]['week']}: {reason}"


def _evidence(database: Database, label: str) -> Table:
    """The rules of the gate for the newest week."""
    table = Table(
        *EVIDENCE_HEAD,
        title=_titled("Evidence of the newest week, out of sample", label),
        title_justify="left",
    )
    evidence = database.scalar(
        "select evidence from ml.champions where model_name = $1 order by week desc limit 1", (SIGNAL_MODEL,)
    )
    for cells in evidence_rows(evidence or []):
        table.add_row(*cells)
    return table


def _backtest(database: Database, label: str) -> Table:
    weeks = database.rows(
        "select min(week) as first, max(week) as last, count(*) as weeks, sum(cost_quote) as cost from backtests.runs"
    )[0]
    title = (
        f"Backtest, out of sample only, costs on: {weeks['weeks']} weeks, {weeks['first']} to {weeks['last']}"
    )
    table = Table(
        "metric", "value", *(["market"] if label else []), title=_titled(title, label), title_justify="left"
    )
    mark = [label] if label else []
    for name, value in read_backtest(database).scores.items():
        table.add_row(name, shown(value, 3), *mark)
    table.add_row("costs paid, quote", shown(weeks["cost"], 2), *mark)
    return table


def _benchmarks(database: Database, label: str) -> Table:
    """What could have been had instead, and how sure our figures are."""
    backtest = read_backtest(database)
    table = Table(
        *BENCHMARK_HEAD, title=_titled("Beside benchmarks, the same hours", label), title_justify="left",
        caption=backtest.interval_words() or "fewer than 90 days: how sure these figures are cannot be said",
        caption_justify="left",
    )  # fmt: skip
    for cells in backtest.benchmark_rows():
        table.add_row(*cells)
    return table


def _signals(database: Database, label: str) -> Table:
    table = Table(*signals.HEAD, title=_titled("Newest signals", label), title_justify="left")
    rows = database.rows(
        "select * from trading.signals where timestamp_utc = (select max(timestamp_utc) from trading.signals) "
        "order by predicted_excess_pct desc nulls last limit 12"
    )
    if not rows:
        table.title = "No signals: nothing has been decided yet"
    for row in rows:
        table.add_row(*signals.signal_cells(row))
    return table


def _positions(database: Database, label: str) -> Table:
    counts = database.rows(
        "select (select count(*) from trading.orders) as orders, (select count(*) from trading.fills) as fills, "
        "(select count(*) from trading.executed_hours) as hours"
    )[0]
    title = f"Trading: {counts['hours']} hours, {counts['orders']} orders, {counts['fills']} fills"
    table = Table(*trading.POSITION_HEAD[:-1], title=_titled(title, label), title_justify="left")
    rows = trading.positions(database)
    for cells in trading.listed(rows):
        table.add_row(*cells)
    sums = trading.totals(rows)
    totals = [sums[name] for name in ("realised_pnl_quote", "unrealised_pnl_quote", "fees_quote")]
    table.add_row("all", "", "", "", *(shown(total, 2) for total in totals), style="bold")
    return table


def _next_steps(settings: Settings, database: Database, command: str) -> str:
    return (
        f"\nNext: [bold]{escape(command)} up[/bold], then open\n"
        f"  {asset_graph_page(settings.dagster_url)}  the asset graph; runs and schedules are in its menu\n"
        f"  {asset_page(settings.dagster_url, keys.BACKTEST_EQUITY.path)}  equity and drawdown plot\n"
        f"  {asset_page(settings.dagster_url, keys.SIGNALS.path)}  newest predictions and why pairs are not traded\n"
        f"  {asset_page(settings.dagster_url, keys.POSITIONS.path)}  cash, positions, P&L\n"
        f"  {model_page(settings.tracking_url, SIGNAL_MODEL)}  model versions and @champion\n"
        f"  {psql_command(database)}  for instance:\n    {SAMPLE_QUERY}\n"
        "  (psql needs the server that `up` starts)\n"
    )
