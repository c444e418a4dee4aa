"""What Dagster's UI shows of each table: columns with their meaning, rows, and who owns it."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg

from okx_core.catalogue import feature_words, label_words

OWNERS = ["team:research"]
SQL_KINDS = {"postgres", "sql"}
PYTHON_KINDS = {"python", "postgres"}
STORE_KINDS = {"python", "parquet", "postgres"}

_KEY = {"pair": ("text", "OKX instrument id"), "timestamp_utc": ("timestamptz", "open of the bar")}
_CANDLE = {
    **_KEY,
    "open": ("float8", "first price, quote per base"),
    "high": ("float8", "highest price"),
    "low": ("float8", "lowest price"),
    "close": ("float8", "last price"),
    "volume": ("float8", "base units"),
    "quote_volume": ("float8", "quote units, NULL where the source has none"),
    "taker_buy_base": ("float8", "base units bought by takers, NULL where unknown"),
    "source": ("text", "where the bar came from"),
    "ingested_at": ("timestamptz", "exchange time of the fetch"),
    "revision": ("int", "0 for the first version of the bar"),
}
_CANDLE_1H = {
    f"{name}_1h": _CANDLE[name] for name in ("open", "high", "low", "close", "volume", "quote_volume")
} | {"source": _CANDLE["source"]}
_FEATURES = {name: ("real", words) for name, words in feature_words().items()}
_LABELS_1D = {name: ("real", words) for name, words in label_words("1d").items()}
_LABELS_2W = {name: ("real", words) for name, words in label_words("2w").items()}

COLUMNS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "market.universe": {
        "day": ("date", "day the row is valid for"),
        "pair": ("text", "OKX instrument id"),
        "state": ("text", "live, suspend, preopen ..."),
        "listed_at": ("timestamptz", "when trading began"),
        "delisted_at": ("timestamptz", "when it will end, once that is announced"),
        "turnover_24h_quote": ("float8", "quote turnover of the day before"),
        "spread_bps": ("float8", "bid-ask spread when observed, NULL for past days"),
        "enabled": ("bool", "may be traded that day"),
        "reason": ("text", "why it is disabled"),
        "risk_multiplier": ("float8", "scales the size of orders"),
        "observed_at": ("timestamptz", "exchange time of the observation"),
    },
    "market.candles_1h": _CANDLE,
    "market.candles_15m": _CANDLE,
    "market.candles_4h": _CANDLE,
    "market.candles_1d": _CANDLE,
    "market.order_book_snapshots": {
        **_KEY,
        "taken_at": ("timestamptz", "exchange time of the look"),
        "spread_bps": ("float8", "ask less bid, of their middle"),
        "bid_depth_*": ("float8", "quote resting within so many bps of mid; NULL beyond the levels served"),
        "ask_depth_*": ("float8", "the same on the other side"),
    },
    "market.public_trades": {
        "pair": ("text", "OKX instrument id"),
        "trade_id": ("text", "id at the exchange"),
        "traded_at": ("timestamptz", "when it was made"),
        "price": ("numeric", "quote per base"),
        "size_base": ("numeric", "base units"),
        "side": ("text", "side of the taker"),
    },
    "market.funding_rates": {
        "pair": ("text", "OKX instrument id of the swap"),
        "timestamp_utc": ("timestamptz", "when it was paid"),
        "rate": ("numeric", "paid by longs to shorts, fraction of the position"),
        "realized_rate": ("numeric", "as settled, NULL when not told"),
        "source": ("text", "where it came from"),
        "ingested_at": ("timestamptz", "exchange time of the fetch"),
    },
    "features.features_1h": {**_KEY, **_FEATURES},
    "ml.labels_1d": {**_KEY, **_LABELS_1D},
    "ml.labels_2w": {**_KEY, **_LABELS_2W},
    "marts.candles_1h": {**_KEY, **_CANDLE_1H, **_FEATURES, **_LABELS_1D, **_LABELS_2W},
    "marts.signal_outcomes": {
        **_KEY,
        "model_version": ("int", "version that predicted"),
        "predicted_excess_pct": ("float8", "expected return of the next 24 h"),
        "excess_probability": ("float8", "probability that it is positive"),
        "tradable": ("bool", "every gate passed"),
        "realised_return_pct": ("real", "return of the next 24 h; NULL until they have passed"),
        "worst_12h_pct": ("real", "worst excursion of the next 12 h"),
        "right_direction": ("bool", "prediction and outcome have the same sign"),
    },
    "ml.model_versions": {
        "week": ("date", "week the model is first used in"),
        "algorithm": ("text", "learner"),
        "model_version": ("int", "version in the MLflow registry"),
        "rank_ic": ("float8", "hold-out rank correlation across pairs"),
        "rank_ic_t": ("float8", "its Newey-West t statistic"),
        "rmse_pct": ("float8", "hold-out error"),
        "data_fingerprint": ("text", "hash over the hashes of the feature store files that were read"),
    },
    "ml.champions": {
        "week": ("date", "week of the decision"),
        "model_version": ("int", "version in charge, NULL when none ever passed"),
        "outcome": ("text", "promoted, kept or none"),
        "evidence": ("jsonb", "scores and rejection reason of every candidate"),
    },
    "trading.signals": {
        **_KEY,
        "predicted_excess_pct": ("float8", "expected return of the next 24 h"),
        "excess_probability": ("float8", "probability that it is positive"),
        "gate_*": ("text", "'pass' or the reason of each gate"),
        "tradable": ("bool", "every gate passed"),
        "model_version": ("int", "version that predicted"),
    },
    "backtests.runs": {
        "week": ("date", "out-of-sample week"),
        "return_pct": ("float8", "return of the week after costs"),
        "cost_quote": ("float8", "fees, spread and impact paid"),
        "model_versions": ("int[]", "versions whose signals were traded"),
    },
    "backtests.trades": {
        "pair": ("text", "OKX instrument id"),
        "pnl_quote": ("float8", "profit after costs"),
        "cost_quote": ("float8", "fees, spread and impact paid"),
    },
    "backtests.equity": {
        "timestamp_utc": ("timestamptz", "bar at whose close equity is marked"),
        "equity_quote": ("float8", "cash plus positions"),
    },
    "trading.orders": {
        "order_id": ("text", "id at the exchange"),
        "client_order_id": ("text", "our id, derived from hour, pair and attempt"),
        "state": ("text", "as the exchange reports it"),
    },
    "trading.fills": {
        "trade_id": ("text", "id at the exchange"),
        "price": ("numeric", "quote per base"),
        "fee": ("numeric", "negative when paid"),
    },
    "trading.positions": {
        "pair": ("text", "OKX instrument id"),
        "quantity_base": ("numeric", "from our fills"),
        "exchange_quantity_base": ("numeric", "as the exchange reports it; a mismatch locks the pair"),
        "realised_pnl_quote": ("numeric", "after fees"),
        "unrealised_pnl_quote": ("numeric", "at the mark price"),
    },
}


def describe(table: str) -> dict[str, Any]:
    """Definition metadata of an asset: its address and columns."""
    columns: Iterable[tuple[str, tuple[str, str]]] = COLUMNS[table].items()
    return {
        "dagster/table_name": table,
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, kind, description) for name, (kind, description) in columns]
        ),
    }


def written(rows: int, **facts: object) -> dict[str, Any]:
    """Materialisation metadata: how many rows, and the facts of this run."""
    return {"dagster/row_count": rows, **facts}
