"""The key of every asset, once. Assets, jobs, sensors and commands name assets through these.

The key of an asset is its table: `market/candles_1h` is `market.candles_1h` in SQL. `ml/member_models` is kept in
`ml.model_versions`, `ml/signal_model` in `ml.signal_versions`, `ml/champion` in `ml.champions`, `ml/challengers` in
`ml.model_versions` too, `ml/challenger_predictions` in `ml.predictions`, `ml/slippage_model` in `ml.slippage_models`.
"""

import dagster as dg


def key_of(table: str) -> dg.AssetKey:
    """The asset that makes `table`, written schema.name."""
    return dg.AssetKey(table.split("."))


def table_of(key: dg.AssetKey) -> str:
    """The table that the asset makes, written schema.name."""
    return ".".join(key.path)


UNIVERSE = key_of("market.universe")
CANDLES_15M = key_of("market.candles_15m")
CANDLES_1H = key_of("market.candles_1h")
CANDLES_4H = key_of("market.candles_4h")
CANDLES_1D = key_of("market.candles_1d")
ORDER_BOOK_SNAPSHOTS = key_of("market.order_book_snapshots")
PUBLIC_TRADES = key_of("market.public_trades")
FUNDING_RATES = key_of("market.funding_rates")
FEATURES_1H = key_of("features.features_1h")
LABELS_1D = key_of("ml.labels_1d")
LABELS_2W = key_of("ml.labels_2w")
MEMBER_MODELS = key_of("ml.member_models")
PREDICTIONS = key_of("ml.predictions")
SIGNAL_MODEL = key_of("ml.signal_model")
CHAMPION = key_of("ml.champion")
SLIPPAGE_MODEL = key_of("ml.slippage_model")
CHALLENGERS = key_of("ml.challengers")
CHALLENGER_PREDICTIONS = key_of("ml.challenger_predictions")
DRIFT = key_of("ml.drift")
MODEL_COMPARISON = key_of("ml.model_comparison")
SIGNALS = key_of("trading.signals")
EXPLANATIONS = key_of("ml.explanations")
ORDERS = key_of("trading.orders")
FILLS = key_of("trading.fills")
POSITIONS = key_of("trading.positions")
BACKTEST_RUNS = key_of("backtests.runs")
BACKTEST_TRADES = key_of("backtests.trades")
BACKTEST_EQUITY = key_of("backtests.equity")
MART_CANDLES_1H = key_of("marts.candles_1h")
SIGNAL_OUTCOMES = key_of("marts.signal_outcomes")

BACKTESTS = (BACKTEST_RUNS, BACKTEST_TRADES, BACKTEST_EQUITY)
EXECUTION = (ORDERS, FILLS, POSITIONS)
DERIVED_CANDLES = (CANDLES_4H, CANDLES_1D)
HOURLY_CANDLES = (CANDLES_1H, *DERIVED_CANDLES)
LABELS = {"1d": LABELS_1D, "2w": LABELS_2W}

EVERY = (
    UNIVERSE, CANDLES_15M, *HOURLY_CANDLES, ORDER_BOOK_SNAPSHOTS, PUBLIC_TRADES, FUNDING_RATES, FEATURES_1H,
    *LABELS.values(), MEMBER_MODELS, PREDICTIONS, SIGNAL_MODEL, CHAMPION, SLIPPAGE_MODEL,
    CHALLENGERS, CHALLENGER_PREDICTIONS, DRIFT, MODEL_COMPARISON, SIGNALS, EXPLANATIONS, *EXECUTION, *BACKTESTS,
    MART_CANDLES_1H, SIGNAL_OUTCOMES,
)  # fmt: skip
