"""The three things every step may ask for: the database, the exchange and the model registry."""

from okx_core.errors import OkxSignalError
from resources.database import Database
from resources.embedded_postgres import EmbeddedPostgres
from resources.migrations import create_databases, migrate, sync_columns
from resources.okx.client import OkxClient
from resources.okx.signing import Credentials
from resources.settings import Mode, Settings
from resources.sql_models import load_models
from resources.tracking import Tracking

# The simulator checks signatures like OKX does; these keys open nothing else.
SIMULATED_CREDENTIALS = Credentials("simulated-key", "simulated-secret", "simulated-passphrase")


class MarketMismatchError(OkxSignalError):
    """The database already holds another market."""


def open_database(settings: Settings) -> Database:
    """The okxsignal database: the user's server, or the embedded one of this home."""
    if settings.database_url is not None:
        return Database(settings.database_url.get_secret_value())
    return Database(EmbeddedPostgres(settings.home).url)


def open_tracking(settings: Settings) -> Tracking:
    return Tracking(settings.tracking_url)


def open_exchange(settings: Settings) -> OkxClient:
    """A client of the exchange of this mode; only address, headers and keys differ between modes."""
    simulated = settings.mode is Mode.SIMULATED
    return OkxClient(
        settings.exchange_url,
        SIMULATED_CREDENTIALS if simulated else _credentials(settings),
        simulated_trading=settings.mode is Mode.DEMO,
        rate_limits=not simulated,
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
    return f"simulated recorded {settings.tape}"


def prepare_database(settings: Settings) -> Database:
    """Bring databases, schema, registry columns and views up to date; refuse to mix two markets."""
    from okx_core.features.registry import feature_names
    from okx_core.labels import LABELS_1D, LABELS_2W

    database = open_database(settings)
    create_databases(database.url)
    migrate(database)
    sync_columns(database, "features.features_1h", feature_names())
    sync_columns(database, "ml.labels_1d", LABELS_1D)
    sync_columns(database, "ml.labels_2w", LABELS_2W)
    for model in load_models():
        if model.is_view:
            model.build_view(database)
    _require_same_market(database, market_identity(settings), settings)
    return database


def _require_same_market(database: Database, identity: str, settings: Settings) -> None:
    database.execute(
        "insert into ops.market_source (identity) values ($1) on conflict do nothing", (identity,)
    )
    held = database.scalar("select identity from ops.market_source")
    if held != identity:
        raise MarketMismatchError(
            f"{settings.home} holds the market '{held}', but the settings ask for '{identity}': "
            "go back to the old settings, or use another home with --home DIR (OKXSIGNAL_HOME)"
        )
