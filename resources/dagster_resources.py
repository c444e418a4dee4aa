"""Dagster's handles on the stores. They carry no configuration: settings are read when a step runs."""

from datetime import datetime

import dagster as dg

from okx_core.decisions.rules import RiskLimits
from okx_core.market.universe import UniverseFilter
from resources.config.limits import risk_limits, universe_filter
from resources.config.settings import load_settings
from resources.feature_store.sql_window import newest_candle, window_start
from resources.feature_store.store import FeatureStore
from resources.market.candle_store import source_of
from resources.okx.client import OkxClient
from resources.postgres.database import Database
from resources.stores import open_database, open_exchange, open_feature_store, open_tracking
from resources.tracking import Tracking


class DatabaseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The okxsignal database."""

    def open(self) -> Database:
        return open_database(load_settings())


class FeatureStoreResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The history of features and labels."""

    def open(self) -> FeatureStore:
        return open_feature_store(load_settings())

    def sql_start(self) -> datetime:
        """From which bar on rows also stand in PostgreSQL, by the newest candle there is."""
        settings = load_settings()
        return window_start(settings.sql_feature_days, newest_candle(open_database(settings)))


class ExchangeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The exchange of the current mode."""

    def open(self) -> OkxClient:
        return open_exchange(load_settings())

    def source(self) -> str:
        """The source tag of what this exchange sends over REST."""
        return source_of(load_settings().mode)

    def quote_currency(self) -> str:
        """The currency that pairs are quoted in and cash is held in."""
        return load_settings().quote_currency

    def risk_limits(self) -> RiskLimits:
        """The user's limits of a trade."""
        return risk_limits(load_settings())

    def universe_filter(self) -> UniverseFilter:
        """What a pair needs to be traded."""
        return universe_filter(load_settings())


class TrackingResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The MLflow registry."""

    def open(self) -> Tracking:
        return open_tracking(load_settings())
