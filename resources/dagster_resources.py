"""Dagster's handles on the stores and on the user's limits. Each reads its settings when a step runs."""

from datetime import datetime, timedelta

import dagster as dg

from okx_core.decisions.rules import DecisionRules, RiskLimits
from okx_core.market.universe import UniverseFilter
from resources.alerts import raise_alert
from resources.config.parts import Retention
from resources.config.settings import load_settings
from resources.dagster_retention import Forgotten, forget_old_runs
from resources.environment import dagster_home
from resources.feature_store.sql_window import newest_candle, window_start
from resources.feature_store.store import FeatureStore
from resources.market.candle_store import source_of
from resources.okx.client import OkxClient
from resources.postgres.database import Database, sibling
from resources.registry.tracking import Tracking
from resources.stores import open_database, open_exchange, open_feature_store


class DatabaseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The okxsignal database."""

    def open(self) -> Database:
        return open_database(load_settings().database)


class FeatureStoreResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The history of features and labels."""

    def open(self) -> FeatureStore:
        settings = load_settings()
        return open_feature_store(settings.database, settings.feature_store)

    def sql_start(self) -> datetime:
        """The first bar whose rows PostgreSQL holds too, by the newest candle."""
        settings = load_settings()
        return window_start(settings.feature_store.sql_days, newest_candle(open_database(settings.database)))


class ExchangeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The exchange of the current mode."""

    def open(self) -> OkxClient:
        return open_exchange(load_settings().exchange)

    def source(self) -> str:
        """The text in the column `source` of rows that this exchange has sent."""
        return source_of(load_settings().mode)

    def account(self) -> str:
        """Mode and account that orders go to."""
        mode = load_settings().mode
        return f"mode {mode}: {mode.account}"


class LimitsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The user's limits: which pairs are traded, and how much may be risked."""

    def universe_filter(self) -> UniverseFilter:
        return load_settings().universe_filter

    def quote_currency(self) -> str:
        """The currency that pairs are quoted in and cash is held in."""
        return load_settings().quote_currency

    def decision_rules(self) -> DecisionRules:
        return load_settings().decision_rules

    def risk_limits(self) -> RiskLimits:
        return load_settings().risk_limits


class ModelsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Which members are trained, and the age limits of versions."""

    def members(self) -> tuple[str, ...]:
        """Names of the members of which the signal model is made."""
        return load_settings().models.members

    def challengers(self) -> tuple[str, ...]:
        """Names of members that predict beside them, besides refits and what searches have found."""
        return load_settings().models.challengers

    def retrain_weeks(self) -> int:
        return load_settings().models.retrain_weeks

    def max_age_weeks(self) -> int:
        return load_settings().models.champion_max_weeks


class AlertResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where alerts go."""

    def send(self, subject: str, message: str, run_id: str) -> None:
        """Keep an alert in ops.alerts, and post it to the webhook where there is one."""
        settings = load_settings()
        raise_alert(settings.alert_webhook, open_database(settings.database), subject, message, run_id)


class RetentionResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """What is kept of old runs and public trades."""

    def open(self) -> Retention:
        return load_settings().retention

    def forget_old_runs(self, kept: timedelta) -> Forgotten:
        """Remove runs that ended longer ago, on Dagster's database and in its folder."""
        server = load_settings().database
        return forget_old_runs(
            Database(sibling(open_database(server).url, "dagster")), dagster_home(server.home), kept
        )


class TrackingResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The MLflow registry."""

    def open(self) -> Tracking:
        settings = load_settings()
        return Tracking(settings.tracking_url, settings.dagster_url)
