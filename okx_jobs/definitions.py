"""The composition root: the one Definitions object of the project."""

import warnings

import dagster as dg

# backfill_policy and allow_nonexistent_upstream_partitions are marked beta; they are what makes a
# five-year backfill one run. Filtered before the assets are imported, because the marks warn at decoration.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)

from okx_assets.backtests import backtests  # noqa: E402
from okx_assets.execution import execution  # noqa: E402
from okx_assets.feature_validation import feature_validation  # noqa: E402
from okx_assets.features import features_1h  # noqa: E402
from okx_assets.labels import labels_1d, labels_2w  # noqa: E402
from okx_assets.market.candles import candles_1h, candles_15m  # noqa: E402
from okx_assets.market.observations import funding_rates, order_book_snapshots, public_trades  # noqa: E402
from okx_assets.market.slippage import slippage_model  # noqa: E402
from okx_assets.market.universe import universe  # noqa: E402
from okx_assets.models.explanations import explanations  # noqa: E402
from okx_assets.models.lifecycle import (  # noqa: E402
    challenger_predictions,
    challengers,
    drift,
    model_comparison,
)
from okx_assets.models.predictions import predictions  # noqa: E402
from okx_assets.models.validation import model_validation  # noqa: E402
from okx_assets.models.versions import champion, member_models, signal_model  # noqa: E402
from okx_assets.signals import signals  # noqa: E402
from okx_assets.sql_models import sql_assets, sql_checks  # noqa: E402
from okx_jobs.dagster_jobs.candle_sensors import candle_sensors  # noqa: E402
from okx_jobs.dagster_jobs.freshness import with_freshness  # noqa: E402
from okx_jobs.dagster_jobs.jobs import JOBS  # noqa: E402
from okx_jobs.dagster_jobs.model_sensors import model_sensors  # noqa: E402
from okx_jobs.dagster_jobs.schedules import schedules  # noqa: E402
from okx_jobs.dagster_jobs.sensors import sensors  # noqa: E402
from resources.config.settings import load_settings  # noqa: E402
from resources.dagster_resources import (  # noqa: E402
    AlertResource,
    DatabaseResource,
    ExchangeResource,
    FeatureStoreResource,
    LimitsResource,
    ModelsResource,
    RetentionResource,
    TrackingResource,
)

definitions = dg.Definitions(
    assets=with_freshness(
        [
            universe,
            candles_1h,
            candles_15m,
            order_book_snapshots,
            public_trades,
            funding_rates,
            *sql_assets(),
            features_1h,
            labels_1d,
            labels_2w,
            member_models,
            predictions,
            signal_model,
            champion,
            slippage_model,
            challengers,
            challenger_predictions,
            drift,
            model_comparison,
            signals,
            explanations,
            backtests,
            execution,
        ],
        load_settings(trading=False).market,
    ),
    asset_checks=[*sql_checks(), feature_validation, model_validation],
    jobs=JOBS,
    schedules=schedules(),
    sensors=[*sensors(), *candle_sensors(), *model_sensors()],
    resources={
        "alerts": AlertResource(),
        "database": DatabaseResource(),
        "exchange": ExchangeResource(),
        "feature_store": FeatureStoreResource(),
        "limits": LimitsResource(),
        "models": ModelsResource(),
        "retention": RetentionResource(),
        "tracking": TrackingResource(),
        "in_memory": dg.mem_io_manager,  # results that MLflow and the database keep, for who asks in the process
    },
    executor=dg.in_process_executor,
)
