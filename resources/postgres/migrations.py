"""Schema changes: append-only SQL files, applied once each under an advisory lock, checksums recorded."""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from okx_core.errors import OkxSignalError
from resources.config.masking import masked
from resources.config.settings import PROJECT
from resources.postgres.database import Database, database_name, sibling

SCHEMA_FILES = PROJECT / "dbt_like_sql" / "schema"
MIGRATION_LOCK = 0x4F4B58  # "OKX": one migration at a time per server
DATABASES = ("okxsignal", "dagster", "mlflow")


class MigrationError(OkxSignalError):
    """The schema on disk and the schema in the database disagree."""


def create_databases(url: str) -> None:
    """Create the databases okxsignal, dagster and mlflow where they are missing."""
    server = Database(sibling(url, "postgres"))
    with server.connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock($1)", (MIGRATION_LOCK,))
        present = {name for (name,) in connection.execute("select datname from pg_database").fetchall()}
        for name in (*DATABASES, database_name(url)):
            if name not in present:
                _create(connection, name, masked(url))
                present.add(name)
        # Run bookkeeping may be lost in a power cut; market data and orders may not. Only an owner may say so.
        with suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute("alter database dagster set synchronous_commit = off")


def _create(connection: psycopg.Connection[tuple[object, ...]], name: str, url: str) -> None:
    try:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    except psycopg.errors.InsufficientPrivilege:
        raise MigrationError(
            f"the user of {url} may not create the database {name}: create {', '.join(DATABASES)} for it, "
            "or grant it CREATEDB (OKXSIGNAL_DATABASE_URL)"
        ) from None


def migrate(database: Database, files: Path = SCHEMA_FILES) -> list[str]:
    """Apply the schema files that are new; the names applied. A changed or missing old file is refused."""
    applied = []
    with database.connect() as connection:
        connection.execute("select pg_advisory_xact_lock($1)", (MIGRATION_LOCK,))
        connection.execute(
            "create table if not exists public.schema_migrations "
            "(name text primary key, checksum text not null, applied_at timestamptz not null default now())"
        )
        recorded = dict(connection.execute("select name, checksum from public.schema_migrations").fetchall())
        scripts = sorted(files.glob("*.sql"))
        _require_unchanged(recorded, scripts, files)
        for script in scripts:
            if script.name not in recorded:
                _apply(connection, script)
                applied.append(script.name)
    return applied


def _checksum(script: Path) -> str:
    return hashlib.sha256(script.read_bytes()).hexdigest()


def _require_unchanged(recorded: dict[str, str], scripts: Iterable[Path], files: Path) -> None:
    on_disk = {script.name: _checksum(script) for script in scripts}
    for name, checksum in recorded.items():
        if name not in on_disk:
            raise MigrationError(f"schema file {name} was applied but is gone from {files}: restore it")
        if on_disk[name] != checksum:
            raise MigrationError(
                f"schema file {name} was changed after it was applied: restore it and add a new file instead"
            )


def _apply(connection: psycopg.Connection[tuple[object, ...]], script: Path) -> None:
    # A simple-protocol cursor without parameters runs a file of several statements in one go.
    psycopg.ClientCursor(connection).execute(script.read_text(encoding="utf-8"))
    connection.execute(
        "insert into public.schema_migrations (name, checksum) values ($1, $2)",
        (script.name, _checksum(script)),
    )


def comment_columns(database: Database, table: str, words: Mapping[str, str]) -> int:
    """Say in SQL what each column is; how many comments were new."""
    with database.connect() as connection:
        connection.execute("select pg_advisory_xact_lock($1)", (MIGRATION_LOCK,))
        said = dict(
            connection.execute(
                "select attname, col_description(attrelid, attnum) from pg_attribute "
                "where attrelid = $1::regclass and attnum > 0 and not attisdropped",
                (table,),
            ).fetchall()
        )
        new = {name: text for name, text in words.items() if name in said and said[name] != text}
        client = psycopg.ClientCursor(connection)
        for name, text in new.items():
            column = sql.Identifier(*table.split("."), name)
            client.execute(sql.SQL("comment on column {} is {}").format(column, sql.Literal(text)))
    return len(new)


def sync_columns(database: Database, table: str, columns: Iterable[str]) -> list[str]:
    """Add a `real` column for each registry name that `table` lacks; the names added.

    Columns that left the registry stay: old rows keep what was computed then.
    """
    schema_name, table_name = table.split(".")
    with database.connect() as connection:
        connection.execute("select pg_advisory_xact_lock($1)", (MIGRATION_LOCK,))
        present = {
            name
            for (name,) in connection.execute(
                "select column_name from information_schema.columns where table_schema = $1 and table_name = $2",
                (schema_name, table_name),
            ).fetchall()
        }
        added = [name for name in columns if name not in present]
        if added:
            clauses = ", ".join(f'add column "{name}" real' for name in added)
            connection.execute(f"alter table {table} {clauses}")
    return added
