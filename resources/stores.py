"""The three things every step may ask for: the database, the exchange and the model registry."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from okx_core.errors import OkxSignalError
from resources.config.masking import masked
from resources.config.parts import ApiKeys, DatabaseSettings, ExchangeSettings, MarketSettings, StoreSettings
from resources.config.values import Mode
from resources.okx.client import OkxClient
from resources.okx.http.signing import Credentials
from resources.postgres.database import Database, sibling
from resources.postgres.embedded import EmbeddedPostgres
from resources.postgres.hypertables import make_hypertables
from resources.postgres.migrations import comment_columns, create_databases, migrate, sync_columns
from resources.postgres.sql_models import load_models

if TYPE_CHECKING:
    from resources.feature_store.store import FeatureStore

# The simulator checks signatures like OKX does; these keys open nothing else.
SIMULATED_CREDENTIALS = Credentials("simulated-key", "simulated-secret", "simulated-passphrase")


class MarketMismatchError(OkxSignalError):
    """The database already holds another market."""


def open_database(server: DatabaseSettings) -> Database:
    """The okxsignal database: the user's server, or the embedded one of this home."""
    return Database(server.own_url or EmbeddedPostgres(server.home).url)


def open_feature_store(server: DatabaseSettings, files: StoreSettings) -> "FeatureStore":
    """The history of features and labels: Parquet files in the home, or where OKXSIGNAL_STORE_URL says."""
    from resources.feature_store.root import StoreRoot
    from resources.feature_store.store import FeatureStore

    return FeatureStore(open_database(server), StoreRoot(files.url, files.options))


def open_exchange(exchange: ExchangeSettings) -> OkxClient:
    """A client of the exchange of this mode; only address, headers and keys differ between modes."""
    return OkxClient(
        exchange.url,
        SIMULATED_CREDENTIALS if exchange.is_local else _credentials(exchange.keys),
        simulated_trading=exchange.mode is Mode.DEMO,
        rate_limits=exchange.mode is not Mode.SIMULATED,
    )


def _credentials(keys: ApiKeys | None) -> Credentials | None:
    """The user's keys; None in a process that was not given them and may only read public data."""
    return None if keys is None else Credentials(keys.key, keys.secret, keys.passphrase)


def market_identity(market: MarketSettings) -> str:
    """The market that a database holds: another mode, tape or seed is another market."""
    if market.mode is not Mode.SIMULATED:
        return f"{market.mode} okx:{market.region}"
    if market.tape == "synthetic":
        return f"simulated synthetic seed={market.tape_seed} strength={market.tape_strength:g}"
    return f"simulated recorded {Path(market.tape).name} {_content_hash(Path(market.tape))}"


def _content_hash(tape: Path) -> str:
    """The same candles are the same market wherever the file lies; a changed file is another one."""
    if not tape.is_file():
        return "missing"
    with tape.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def require_own_server(server: DatabaseSettings) -> None:
    """Fail early, before anything is started, when the user's own server does not answer."""
    if server.own_url is not None:
        Database(sibling(server.own_url, "postgres")).scalar("select 1")


def prepare_database(server: DatabaseSettings, market: MarketSettings) -> Database:
    """Bring databases, schema, registry columns and views up to date; refuse to mix two markets."""
    from resources.postgres.table_dictionary import build_view, registry_columns

    database = open_database(server)
    create_databases(database.url)
    migrate(database)
    make_hypertables(database)
    for table, words in registry_columns().items():
        sync_columns(database, table, words)
        comment_columns(database, table, words)
    for model in load_models():
        if model.is_view:
            build_view(database, model)
    _require_same_market(database, market_identity(market), server)
    return database


def _require_same_market(database: Database, identity: str, server: DatabaseSettings) -> None:
    held = database.scalar("select identity from ops.market_source")
    if held in (None, identity):
        return
    other = "another home with --home DIR (OKXSIGNAL_HOME)" if server.is_embedded else "another database"
    place = server.home if server.is_embedded else masked(database.url)
    raise MarketMismatchError(
        f"{place} holds the market '{held}', but the settings ask for '{identity}': go back to the old settings, "
        f"or use {other}"
    )


def claim_market(server: DatabaseSettings, market: MarketSettings) -> None:
    """Record which market the database holds from now on; called once the exchange serves it."""
    open_database(server).execute(
        "insert into ops.market_source (identity) values ($1) on conflict do nothing",
        (market_identity(market),),
    )
