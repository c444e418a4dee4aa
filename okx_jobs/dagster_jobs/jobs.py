"""The jobs: the hourly pipeline through to execution, labels, training, the universe, backtests."""

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from okx_assets import keys
from okx_assets.feature_validation import feature_validation
from okx_assets.models.validation import model_validation
from okx_jobs.dagster_jobs import (
    gap_repair,
    housekeeping,
    member_search,
    model_evaluation,
    strategy_backtest,
    strategy_tuning,
)
from resources.config.settings import Mode, load_settings


def order_warning(mode: Mode) -> str:
    """What a job that trades says about itself: in which mode, and where its orders go."""
    return f"PLACES ORDERS. Mode {mode}: {mode.account}."


EXECUTION_TAGS = {"okx/stage": "execution", "dagster/max_retries": "0", "dagster/max_runtime": "900"}
DATA_TAGS = {"dagster/max_runtime": "3600"}
WARNING = order_warning(load_settings(trading=False).mode)

# About the code, not about some hours: an hour's run would only mark the day's checks as skipped.
VALIDATION = dg.AssetSelection.checks(feature_validation)
MODEL_VALIDATION = dg.AssetSelection.checks(model_validation)
HOURLY_DATA = dg.AssetSelection.assets(
    keys.CANDLES_1H, keys.CANDLES_4H, keys.CANDLES_1D, keys.FUNDING_RATES,
    keys.FEATURES_1H, keys.PREDICTIONS, keys.SIGNALS,
)  # fmt: skip
DERIVED = dg.AssetSelection.assets(keys.CANDLES_4H, keys.CANDLES_1D, keys.FEATURES_1H)
EXECUTION = dg.AssetSelection.assets(*keys.EXECUTION)

trade_hour = dg.define_asset_job(
    "trade_hour",
    selection=(HOURLY_DATA | EXECUTION) - VALIDATION,
    description="Candles, funding, features, predictions, signals of the last closed hour, then orders from the newest "
    f"signals. {WARNING}",
    tags=EXECUTION_TAGS,
)
refresh_hour = dg.define_asset_job(
    "refresh_hour",
    selection=HOURLY_DATA - VALIDATION,
    description="Candles, features and signals of an hour; places no order. Used to repair gaps.",
    tags=DATA_TAGS,
)
refresh_derived = dg.define_asset_job(
    "refresh_derived",
    selection=DERIVED - VALIDATION,
    description="4 h and daily bars and features, after hourly candles came late or were revised. "
    "Signals stay as they were decided.",
    tags=DATA_TAGS,
)
refresh_candles_15m = dg.define_asset_job(
    "refresh_candles_15m",
    selection=dg.AssetSelection.assets(keys.CANDLES_15M, keys.FEATURES_1H) - VALIDATION,
    description="15-minute candles of an hour, and the features that rest on them; they come after the hour's orders.",
    tags=DATA_TAGS,
)
observe_hour = dg.define_asset_job(
    "observe_hour",
    selection=dg.AssetSelection.assets(keys.ORDER_BOOK_SNAPSHOTS, keys.PUBLIC_TRADES),
    description="Spread, depth and newest trades when an hour is decided.",
    tags=DATA_TAGS,
)
explain_hour = dg.define_asset_job(
    "explain_hour", selection=dg.AssetSelection.assets(keys.EXPLANATIONS), tags=DATA_TAGS,
    description="Which features set the hour's traded and nearly traded pairs apart; after its orders.",
)  # fmt: skip
refresh_universe = dg.define_asset_job(
    "refresh_universe", selection=dg.AssetSelection.assets(keys.UNIVERSE), tags=DATA_TAGS,
    description="Which pairs may be traded today.",
)  # fmt: skip
label_1d = dg.define_asset_job(
    "label_1d", selection=dg.AssetSelection.assets(keys.LABELS_1D), tags=DATA_TAGS,
    description="Labels whose 24 h have passed.",
)  # fmt: skip
label_2w = dg.define_asset_job(
    "label_2w", selection=dg.AssetSelection.assets(keys.LABELS_2W), tags=DATA_TAGS,
    description="Labels whose two weeks have passed.",
)  # fmt: skip
train_models = dg.define_asset_job(
    "train_models", selection=dg.AssetSelection.assets(keys.MEMBER_MODELS), tags=DATA_TAGS,
    description="A version of each member for the week that begins.",
)  # fmt: skip
choose_champion = dg.define_asset_job(
    "choose_champion", selection=dg.AssetSelection.assets(keys.SIGNAL_MODEL, keys.CHAMPION) - MODEL_VALIDATION,
    tags=DATA_TAGS,
    description="Make the week's version of the signal model, and decide which version is in charge.",
)  # fmt: skip
refit_challengers = dg.define_asset_job(
    "refit_challengers", selection=dg.AssetSelection.assets(keys.CHALLENGERS), tags=DATA_TAGS,
    description="A daily refit of each member, and what searches have found; they predict in shadow and never trade.",
)  # fmt: skip
score_challengers = dg.define_asset_job(
    "score_challengers", selection=dg.AssetSelection.assets(keys.CHALLENGER_PREDICTIONS), tags=DATA_TAGS,
    description="Scores of the challengers of an hour, after its orders.",
)  # fmt: skip
report_drift = dg.define_asset_job(
    "report_drift", selection=dg.AssetSelection.assets(keys.DRIFT), tags=DATA_TAGS,
    description="Features of the members in charge against their training rows, their rank IC against its record.",
)  # fmt: skip
compare_models = dg.define_asset_job(
    "compare_models", selection=dg.AssetSelection.assets(keys.MODEL_COMPARISON), tags=DATA_TAGS,
    description="The ensemble in charge and its challengers on the same hours, after costs.",
)  # fmt: skip
train_slippage = dg.define_asset_job(
    "train_slippage", selection=dg.AssetSelection.assets(keys.SLIPPAGE_MODEL), tags=DATA_TAGS,
    description="Whether a learned model states what own orders paid better than the book does.",
)  # fmt: skip
backtest_week = dg.define_asset_job(
    "backtest_week", selection=dg.AssetSelection.groups("backtests"), tags=DATA_TAGS,
    description="Trade the week that has ended, out of sample, with costs.",
)  # fmt: skip
execute_signals = dg.define_asset_job(
    "execute_signals", selection=EXECUTION, tags=EXECUTION_TAGS,
    description=f"Settle open orders and trade the newest signals if they are fresh and untraded. {WARNING}",
)  # fmt: skip
refresh_marts = dg.define_asset_job(
    "refresh_marts", selection=dg.AssetSelection.groups("marts"), tags=DATA_TAGS,
    description="Rebuild the views for hand-written SQL.",
)  # fmt: skip

validate_features = dg.define_asset_job(
    "validate_features", selection=VALIDATION, tags=DATA_TAGS,
    description="No look-ahead, the same number however computed, no copies, no drift: "
    "as `okxsignal validate features`.",
)  # fmt: skip

validate_models = dg.define_asset_job(
    "validate_models", selection=MODEL_VALIDATION, tags=DATA_TAGS,
    description="Predictions against lagged and led outcomes, and the promotion gate against shuffled scores.",
)  # fmt: skip

JOBS: list[dg.JobDefinition | UnresolvedAssetJobDefinition] = [
    trade_hour, refresh_hour, refresh_derived, refresh_candles_15m, observe_hour, explain_hour, gap_repair.repair_gaps,
    refresh_universe, label_1d, label_2w, train_models, choose_champion, refit_challengers,
    score_challengers, report_drift, compare_models, train_slippage, backtest_week, execute_signals, refresh_marts,
    validate_features, validate_models, housekeeping.remove_leftovers, member_search.search_members,
    model_evaluation.evaluate_models, strategy_backtest.backtest_strategy, strategy_tuning.tune_strategy,
]  # fmt: skip
