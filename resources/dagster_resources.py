"""Dagster's handles on the stores. They carry no configuration: settings are read when a step runs."""

import dagster as dg

from resources.database import Database
from resources.okx.client import OkxClient
from resources.settings import Settings, load_settings
from resources.stores import open_database, open_exchange, open_tracking
from resources.tracking import Tracking


class DatabaseResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The okxsignal database."""

    def open(self) -> Database:
        return open_database(load_settings())


class ExchangeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The exchange of the current mode."""

    def open(self) -> OkxClient:
        return open_exchange(load_settings())

    def settings(self) -> Settings:
        return load_settings()


class TrackingResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The MLflow registry."""

    def open(self) -> Tracking:
        return open_tracking(load_settings())
