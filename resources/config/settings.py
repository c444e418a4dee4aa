"""Addresses and secrets: the only reader of the environment.

Every setting is an environment variable `OKXSIGNAL_<NAME>` or a line of `.env`. Run timing live beside
their asset, research parameters in the core.
"""

import json
import re
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from okx_core.errors import OkxSignalError

MARKET_FILE = "market.env"  # a home's own tape, written when the home was made
MAX_STRENGTH = 3.0
PROJECT = Path(__file__).resolve().parents[2]


class SettingsError(OkxSignalError):
    """A setting is missing or wrong; nothing has been started."""


class Mode(StrEnum):
    """Where data comes from and where orders go."""

    SIMULATED = "simulated"
    PAPER = "paper"
    DEMO = "demo"
    LIVE = "live"


REST_HOSTS = {
    "global": "https://openapi.okx.com",
    "eea": "https://eea.okx.com",
    "us": "https://us.okx.com",
}
STREAM_HOSTS = {
    "global": "wss://ws.okx.com:8443",
    "eea": "wss://wseea.okx.com:8443",
    "us": "wss://wsus.okx.com:8443",
}
DEMO_STREAM_HOSTS = {
    "global": "wss://wspap.okx.com:8443",
    "eea": "wss://wseeapap.okx.com:8443",
    "us": "wss://wsuspap.okx.com:8443",
}
# A special character of the password must be percent-encoded, else it ends the URL's part too early.
DATABASE_URL = re.compile(
    r"postgres(ql)?://([^:@/?#%[\]\s]|%[0-9a-fA-F]{2})*(:([^:@/?#%[\]\s]|%[0-9a-fA-F]{2})*)?@?"
    r"([^:@/?#\s[\]]+|\[[0-9a-fA-F:.]+\])?(:\d{1,5})?/[^/?#\s]+(\?[^#\s]*)?"
)
DEFAULT_PAIRS = (
    "BTC-USDT ETH-USDT SOL-USDT XRP-USDT DOGE-USDT ADA-USDT "
    "AVAX-USDT LINK-USDT DOT-USDT LTC-USDT TRX-USDT ATOM-USDT"
).replace(" ", ",")

Port = Annotated[int, Field(ge=1, le=65535)]
Limit = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Settings(BaseSettings):
    """All settings with their defaults; secrets never show in repr."""

    model_config = SettingsConfigDict(env_prefix="OKXSIGNAL_", env_file=".env", extra="ignore")

    mode: Mode = Mode.SIMULATED
    home: Path = PROJECT / ".okxsignal"
    database_url: SecretStr | None = None
    store_url: str = ""
    store_options: SecretStr | None = None
    sql_feature_days: Annotated[int, Field(ge=1)] | Literal["all"] = 90
    bind_host: str = "127.0.0.1"
    allowed_hosts: str = ""
    dagster_port: Port = 3000
    code_server_port: Port = 4266
    mlflow_port: Port = 5000
    simulator_port: Port = 8790
    simulator_admin_port: Port = 8791

    tape: str = "synthetic"
    tape_seed: int = 7
    tape_strength: Annotated[float, Field(ge=0, le=3)] = 1.0
    tape_from: datetime | None = None
    tape_to: datetime | None = None
    pairs: str = DEFAULT_PAIRS
    clock: str = "real"

    okx_region: str = "global"
    okx_url: str = ""
    okx_stream_url: str = ""
    okx_api_key: SecretStr | None = None
    okx_api_secret: SecretStr | None = None
    okx_passphrase: SecretStr | None = None
    allow_live: str = ""

    quote_currency: str = "USDT"
    min_turnover_quote: Limit | None = None
    min_age_days: Limit = 0.0
    max_spread_bps: Limit | None = None
    max_asset_pct: Limit | None = None
    max_exposure_pct: Limit | None = None
    max_order_quote: Limit | None = None
    risk_per_trade_pct: Limit | None = None
    alert_webhook: SecretStr | None = None

    @field_validator("mode", mode="before")
    @classmethod
    def _known_mode(cls, value: object) -> object:
        if value not in set(Mode):
            raise ValueError(f"unknown mode {value!r}; choose one of {', '.join(Mode)}")
        return value

    @field_validator("okx_region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        if value not in REST_HOSTS:
            raise ValueError(f"unknown region {value!r}; choose one of {', '.join(REST_HOSTS)}")
        return value

    @field_validator("home")
    @classmethod
    def _absolute_home(cls, value: Path) -> Path:
        home = value.expanduser().resolve()
        nearest = next(place for place in (home, *home.parents) if place.exists())
        if not nearest.is_dir():
            raise ValueError(f"{nearest} is not a directory; choose another home")
        return home

    @field_validator("tape_strength")
    @classmethod
    def _sane_strength(cls, value: float) -> float:
        if not 0.0 <= value <= MAX_STRENGTH:
            raise ValueError(f"{value} is outside 0 to {MAX_STRENGTH:g}; 1 is the documented edge, 0 is none")
        return value

    @field_validator("pairs")
    @classmethod
    def _names_a_pair(cls, value: str) -> str:
        if not value.replace(",", "").strip():
            raise ValueError("names no pair; write it like BTC-USDT,ETH-USDT")
        return value

    @field_validator("database_url")
    @classmethod
    def _postgres_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not DATABASE_URL.fullmatch(value.get_secret_value()):
            raise ValueError(
                "not of the form postgresql://user:password@host:port/database; percent-encode the special "
                "characters of a password"
            )
        return value

    @field_validator("store_options")
    @classmethod
    def _json_object(cls, value: SecretStr | None) -> SecretStr | None:
        try:
            options = {} if value is None else json.loads(value.get_secret_value())
        except json.JSONDecodeError:
            options = None
        if not isinstance(options, dict):
            raise ValueError('not a JSON object like {"endpoint_url": "https://..."}')
        return value

    @property
    def feature_store_url(self) -> str:
        """Where the Parquet files lie: OKXSIGNAL_STORE_URL, or a folder of the home."""
        return self.store_url or str(self.home / "feature_store")

    @property
    def feature_store_options(self) -> dict[str, Any]:
        """What fsspec is given besides the URL; whatever is not here it reads from its own variables."""
        return {} if self.store_options is None else dict(json.loads(self.store_options.get_secret_value()))

    @cached_property
    def pair_list(self) -> tuple[str, ...]:
        """The pairs of the simulated tape, in the order given."""
        return tuple(part.strip().upper() for part in self.pairs.split(",") if part.strip())

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def simulator_admin_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_admin_port}"

    @property
    def exchange_url(self) -> str:
        """Base URL of the exchange that this mode talks to."""
        return self.simulator_url if self.trades_locally else self.okx_host

    @property
    def trades_locally(self) -> bool:
        """Whether orders go to the simulator of this machine, whatever prices it shows."""
        return self.mode in (Mode.SIMULATED, Mode.PAPER)

    @property
    def okx_host(self) -> str:
        """OKX itself: the host of the region, or OKXSIGNAL_OKX_URL."""
        return self.okx_url or REST_HOSTS[self.okx_region]

    @property
    def stream_url(self) -> str:
        """The WebSocket that public data come from, without a path: in paper mode OKX's own."""
        if self.mode is Mode.SIMULATED:
            return self.simulator_url.replace("http://", "ws://")
        if self.okx_stream_url:
            return self.okx_stream_url
        hosts = DEMO_STREAM_HOSTS if self.mode is Mode.DEMO else STREAM_HOSTS
        return hosts[self.okx_region]

    @property
    def tracking_url(self) -> str:
        return f"http://127.0.0.1:{self.mlflow_port}"

    @property
    def dagster_url(self) -> str:
        return f"http://{self.bind_host}:{self.dagster_port}"

    @property
    def artifacts(self) -> Path:
        """MLflow artifacts: mlruns/ of the project for the default home, else inside the home."""
        return PROJECT / "mlruns" if self.home == PROJECT / ".okxsignal" else self.home / "mlruns"

    @property
    def live_arming(self) -> Path:
        """The second opt-in to live trading: a file that only `okxsignal arm` writes."""
        return self.home / "live_armed"

    def require_trading_allowed(self) -> None:
        """Refuse a live mode that is not fully asked for, and demo or live without keys."""
        if self.mode is Mode.LIVE and self.allow_live != "yes":
            raise SettingsError(
                f"OKXSIGNAL_MODE=live, but the first opt-in OKXSIGNAL_ALLOW_LIVE is {self.allow_live!r}: "
                "set OKXSIGNAL_ALLOW_LIVE=yes, then run `okxsignal arm`; or set OKXSIGNAL_MODE=simulated"
            )
        if self.mode is Mode.LIVE and not self.live_arming.exists():
            raise SettingsError(
                f"OKXSIGNAL_MODE=live, but the second opt-in {self.live_arming} is missing: "
                "run `okxsignal arm`, or set OKXSIGNAL_MODE=simulated"
            )
        if self.mode in (Mode.DEMO, Mode.LIVE):
            self._require_keys()

    def _require_keys(self) -> None:
        missing = [n for n in ("okx_api_key", "okx_api_secret", "okx_passphrase") if not getattr(self, n)]
        if missing:
            names = ", ".join(f"OKXSIGNAL_{name.upper()}" for name in missing)
            raise SettingsError(
                f"OKXSIGNAL_MODE={self.mode} needs keys, but {names} is not set: put it in .env"
            )


def _explained(name: str, complaint: str, value: object) -> str:
    """The variable, its value unless that is a secret, and what is wrong with it."""
    shown = "" if "SecretStr" in str(Settings.model_fields[name].annotation) else f"={value}"
    complaint = complaint.removeprefix("Value error, ").removeprefix("Input ")
    return f"OKXSIGNAL_{name.upper()}{shown}: {complaint}"


def load_settings(*, trading: bool = True) -> Settings:
    """Read the environment and `.env`; one clear message for whatever is wrong.

    A process that only reads public data says that it is not `trading`: it was not given the keys.
    """
    try:
        home = Settings().home  # the environment and .env first: they say where the home is
        settings = Settings(_env_file=(".env", home / MARKET_FILE))  # type: ignore[call-arg]
    except ValidationError as error:
        lines = [_explained(str(item["loc"][0]), item["msg"], item["input"]) for item in error.errors()]
        raise SettingsError("; ".join(lines) + " (correct it in the environment or .env)") from None
    if trading:
        settings.require_trading_allowed()
    return settings
