"""Every setting, declared once: its name, type, default, form, group and meaning."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from okx_core.models.member_names import DEFAULT_MEMBERS, MEMBER_NAMES
from resources.config.values import (
    ChallengerNames,
    Clock,
    Currency,
    DayCount,
    HomePath,
    JsonObject,
    Limit,
    MemberNames,
    Mode,
    ModeName,
    PairNames,
    Percent,
    Port,
    PostgresUrl,
    Region,
    RestHost,
    StoreUrl,
    StreamHost,
    Strength,
    WebAddress,
    Weeks,
)

PREFIX = "OKXSIGNAL_"
PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_PAIRS = (
    "BTC-USDT ETH-USDT SOL-USDT XRP-USDT DOGE-USDT ADA-USDT "
    "AVAX-USDT LINK-USDT DOT-USDT LTC-USDT TRX-USDT ATOM-USDT"
).replace(" ", ",")
KEYS = ("okx_api_key", "okx_api_secret", "okx_passphrase")


class Group(StrEnum):
    """The subjects of settings, in the order in which they are shown."""

    HOME = "Home and mode"
    DATABASE = "Database and feature store"
    PORTS = "Addresses and ports"
    TAPE = "Simulated market"
    OKX = "OKX account"
    MODELS = "Models"
    UNIVERSE = "Universe"
    RISK = "Risk limits"
    ALERTS = "Alerts"


def setting(default: Any, group: Group, form: str, meaning: str) -> Any:
    """A field with what `okxsignal config` and docs/settings.md print about it; `form` is unit or syntax."""
    return Field(default, description=meaning, json_schema_extra={"group": group.value, "form": form})


class DeclaredSettings(BaseModel):
    """The fields of `Settings`. Building one reads no environment; secrets never show in repr."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: ModeName = setting(
        Mode.SIMULATED, Group.HOME, ", ".join(Mode), "Source of market data and destination of orders."
    )
    home: HomePath = setting(
        PROJECT / ".okxsignal", Group.HOME, "folder", "State of one market: database, feature store, logs. "
        "The option --home sets it too.",
    )  # fmt: skip
    history_from: datetime | None = setting(
        None, Group.HOME, "date, UTC", "First day of the assets' time grids. Unset: `up` takes the first day that was "
        "materialised, commands take 2020-01-01. Names of partitions do not depend on it.",
    )  # fmt: skip
    allow_live: str = setting(
        "", Group.HOME, "yes", "First opt-in to mode live. The second is the command `okxsignal arm`."
    )

    database_url: PostgresUrl | None = setting(
        None, Group.DATABASE, "postgresql://user:password@host:port/database",
        "PostgreSQL server, version 15 or later. Unset: the embedded server of the home.",
    )  # fmt: skip
    store_url: StoreUrl = setting(
        "", Group.DATABASE, "absolute folder, or fsspec URL",
        "Location of the Parquet files of features and labels. Empty: feature_store in the home.",
    )  # fmt: skip
    store_options: JsonObject | None = setting(
        None, Group.DATABASE, "JSON object", "Options for fsspec, such as endpoint and keys of a bucket."
    )
    sql_feature_days: DayCount = setting(
        90, Group.DATABASE, "days, or all", "Newest days of features and labels that SQL holds too."
    )

    public_trade_days: DayCount = setting(
        2,
        Group.DATABASE,
        "days, or all",
        "Days for which single public trades are kept; an hourly summary stays.",
    )
    run_history_days: DayCount = setting(
        30, Group.DATABASE, "days, or all",
        "Days for which finished runs and their events are kept. The newest materialisation of each partition and the "
        "newest result of each check stay.",
    )  # fmt: skip

    bind_host: str = setting("127.0.0.1", Group.PORTS, "address", "Address that the Dagster UI listens on.")
    allowed_hosts: str = setting(
        "", Group.PORTS, "name,name", "Further host names under which the Dagster UI may be opened."
    )
    dagster_port: Port = setting(3000, Group.PORTS, "port", "Dagster UI.")
    code_server_port: Port = setting(4266, Group.PORTS, "port", "Dagster code server.")
    mlflow_port: Port = setting(5000, Group.PORTS, "port", "MLflow server and UI.")
    simulator_port: Port = setting(8790, Group.PORTS, "port", "Simulated exchange, REST and WebSocket.")
    simulator_admin_port: Port = setting(
        8791, Group.PORTS, "port", "Admin API of the simulated exchange: clock and faults."
    )

    tape: str = setting(
        "synthetic", Group.TAPE, "synthetic, or Parquet file", "Candles that the simulated exchange replays."
    )
    tape_seed: int = setting(7, Group.TAPE, "integer", "Seed of the synthetic tape.")
    tape_strength: Strength = setting(
        1.0, Group.TAPE, "0 to 3", "Size of the predictable part of the synthetic tape; 0 is pure noise."
    )
    tape_from: datetime | None = setting(
        None, Group.TAPE, "ISO 8601 time", "First hour of a recorded tape. Unset: its first bar."
    )
    tape_to: datetime | None = setting(
        None, Group.TAPE, "ISO 8601 time", "End of a recorded tape, exclusive. Unset: after its last bar."
    )
    pairs: PairNames = setting(DEFAULT_PAIRS, Group.TAPE, "PAIR,PAIR", "Pairs of the simulated market.")
    clock: Clock = setting(
        "real", Group.TAPE, "real, or fixed:<ISO 8601 time>", "Clock of the simulated exchange."
    )

    okx_region: Region = setting(
        "global",
        Group.OKX,
        "global, eea, us",
        "Region in which the account was opened; it selects the hosts.",
    )
    okx_url: RestHost = setting("", Group.OKX, "URL", "REST host instead of the region's.")
    okx_stream_url: StreamHost = setting("", Group.OKX, "URL", "WebSocket host instead of the region's.")
    okx_api_key: SecretStr | None = setting(
        None, Group.OKX, "text", "API key; modes demo and live need it. Only the process that trades gets it."
    )
    okx_api_secret: SecretStr | None = setting(None, Group.OKX, "text", "Secret of the API key.")
    okx_passphrase: SecretStr | None = setting(None, Group.OKX, "text", "Passphrase of the API key.")

    members: MemberNames = setting(
        ",".join(DEFAULT_MEMBERS), Group.MODELS, "name,name",
        f"Members that are trained and make up the signal model; known: {', '.join(MEMBER_NAMES)}, and those that "
        "`okxsignal search` has found.",
    )  # fmt: skip
    challengers: ChallengerNames = setting(
        "", Group.MODELS, "name,name",
        "Members that are trained and predict beside those of the signal model, and never trade: "
        "`okxsignal models --compare` says whether one is better.",
    )  # fmt: skip
    retrain_weeks: Weeks = setting(
        4, Group.MODELS, "weeks", "Weeks between two versions of a member through history; the newest week always has "
        "one of its own.",
    )  # fmt: skip
    champion_max_weeks: Weeks = setting(
        5, Group.MODELS, "weeks", "Age from which on a version of the signal model opens no position."
    )

    quote_currency: Currency = setting("USDT", Group.UNIVERSE, "currency", "Pairs quoted in it are traded.")
    min_turnover_quote: Limit | None = setting(
        None, Group.UNIVERSE, "quote units per day",
        "Turnover of the day before that a pair needs. Unset: 1,000,000.",
    )  # fmt: skip
    min_age_days: Limit = setting(0.0, Group.UNIVERSE, "days", "Days since its listing that a pair needs.")
    max_spread_bps: Limit | None = setting(
        None,
        Group.UNIVERSE,
        "basis points of mid",
        "Widest spread of a pair that is traded. Unset: no limit.",
    )

    max_asset_pct: Percent | None = setting(
        None, Group.RISK, "percent of equity, 0 to 100",
        "Largest position in one asset. While a limit is missing no buy is placed outside mode simulated.",
    )  # fmt: skip
    max_exposure_pct: Percent | None = setting(
        None, Group.RISK, "percent of equity, 0 to 100", "Largest sum of all positions."
    )
    risk_per_trade_pct: Percent | None = setting(
        None,
        Group.RISK,
        "percent of equity, 0 to 100",
        "Loss that one trade may cost at the planned adverse move.",
    )
    max_order_quote: Limit | None = setting(None, Group.RISK, "quote units", "Largest single order.")

    alert_webhook: WebAddress | None = setting(
        None, Group.ALERTS, "URL", "Receives each alert as JSON by POST. Unset: alerts are only stored."
    )

    @field_validator("tape_to")
    @classmethod
    def _after_its_beginning(cls, end: datetime | None, info: ValidationInfo) -> datetime | None:
        begin = info.data.get("tape_from")
        if begin is not None and end is not None and _in_utc(end) <= _in_utc(begin):
            raise ValueError(f"not after {variable_of('tape_from')}={begin.isoformat()}")
        return end


@dataclass(frozen=True)
class Declaration:
    """One setting as people read it."""

    field: str
    group: str
    form: str
    meaning: str
    default: str
    is_secret: bool

    @property
    def variable(self) -> str:
        return variable_of(self.field)


def _in_utc(moment: datetime) -> datetime:
    """A time without a zone is UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def variable_of(field: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + field.upper()


def declarations() -> Iterator[Declaration]:
    """All settings, in the order of their declaration."""
    for name, field in DeclaredSettings.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)
        yield Declaration(
            name, str(extra["group"]), str(extra["form"]), str(field.description), _default_text(field.default),
            "SecretStr" in str(field.annotation),
        )  # fmt: skip


def _default_text(value: object) -> str:
    """The default as it is written in `.env`; a path is relative to the project."""
    return value.relative_to(PROJECT).as_posix() if isinstance(value, Path) else as_text(value)


def as_text(value: object) -> str:
    """A value as it is written in `.env`; None is empty."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.15g}"
    return "" if value is None else str(value)
