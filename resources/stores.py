"""The three things every step may ask for: the database, the exchange and the model registry."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from okx_core.errors import OkxSignalError
from resources.config.settings import Mode, Settings
from resources.okx.client import OkxClient
from resources.okx.http.signing import Credentials
from resources.postgres.database import Database, sibling
from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.hypertables import make_hypertables
from resources.postgres.migrations import comment_columns, create_databases, migrate, sync_columns
from resources.postgres.sql_models import load_models
from resources.tracking import Tracking

if TYPE_CHECKING:
    from resources.feature_store.store import FeatureStore

# The simulator checks signatures like OKX does; these keys open nothing else.
SIMULATED_CREDENTIALS = Credentials("simulated-key", "simulated-secret", "simulated-passphrase")


class MarketMismatchError(OkxSignalError):
    """The database already holds another market."""


def open_database(settings: Settings) -> Database:
    """The okxsignal database: the user's server, or the embedded one of this home."""
    if settings.database_url is not None:
        return Database(settings.database_url.get_secret_value())
    return Database(EmbeddedPostgres(settings.home).url)


def open_feature_store(settings: Settings) -> "FeatureStore":
    """The history of features and labels: Parquet files in the home, or where OKXSIGNAL_STORE_URL says."""
    from resources.feature_store.root import StoreRoot
    from resources.feature_store.store import FeatureStore

    root = StoreRoot(settings.feature_store_url, settings.feature_store_options)
    return FeatureStore(open_database(settings), root)


def open_tracking(settings: Settings) -> Tracking:
    return Tracking(settings.tracking_url)


def open_exchange(settings: Settings) -> OkxClient:
    """A client of the exchange of this mode; only address, headers and keys differ between modes."""
    return OkxClient(
        settings.exchange_url,
        SIMULATED_CREDENTIALS if settings.trades_locally else _credentials(settings),
        simulated_trading=settings.mode is Mode.DEMO,
        rate_limits=settings.mode is not Mode.SIMULATED,
    )


def _credentials(settings: Settings) -> Credentials | None:
    """The user's keys; None in a process that was not given them and may only read public data."""
    if settings.okx_api_key and settings.okx_api_secret and settings.okx_passphrase:
        return Credentials(
            settings.okx_api_key.get_secret_value(),
            settings.okx_api_secret.get_secret_value(),
            settings.okx_passphrase.get_secret_value(),
        )
    return None


def market_identity(settings: Settings) -> str:
    """What market a database holds: another mode, tape or seed is another market."""
    if settings.mode is not Mode.SIMULATED:
        return f"{settings.mode} okx:{settings.okx_region}"
    if settings.tape == "synthetic":
        return f"simulated synthetic seed={settings.tape_seed} strength={settings.tape_strength:g}"
    return f"simulated recorded {Path(settings.tape).name} {_content_hash(Path(settings.tape))}"


def _content_hash(tape: Path) -> str:
    """The same candles are the same market wherever the file lies; a changed file is another one."""
    if not tape.is_file():
        return "missing"
    with tape.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def require_own_server(settings: Settings) -> None:
    """Fail early, before anything is started, when the user's own server does not answer."""
    if settings.database_url is not None:
        Database(sibling(settings.database_url.get_secret_value(), "postgres")).scalar("select 1")


def prepare_database(settings: Settings) -> Database:
    """Bring databases, schema, registry columns and views up to date; refuse to mix two markets."""
    from resources.postgres.table_dictionary import build_view, registry_columns

    database = open_database(settings)
    create_databases(database.url)
    migrate(database)
    make_hypertables(database)
    for table, words in registry_columns().items():
        sync_columns(database, table, words)
        comment_columns(database, table, words)
    for model in load_models():
        if model.is_view:
            build_view(database, model)
    _require_same_market(database, market_identity(settings), settings)
    return database


def _require_same_market(database: Database, identity: str, settings: Settings) -> None:
    held = database.scalar("select identity from ops.market_source")
    if held in (None, identity):
        return
    embedded = settings.database_url is None
    other = "another home with --home DIR (OKXSIGNAL_HOME)" if embedded else "another database"
    raise MarketMismatchError(
        f"{settings.home if embedded else database} holds the market '{held}', but the settings ask for "
        f"'{identity}': go back to the old settings, or use {other}"
    )


def claim_market(settings: Settings) -> None:
    """Record which market the database holds from now on; called once the exchange has proven to play it."""
    open_database(settings).execute(
        "insert into ops.market_source (identity) values ($1) on conflict do nothing",
        (market_identity(settings),),
    )
