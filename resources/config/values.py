"""The types of settings: which text each accepts, and the message for any other."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from okx_core.errors import OkxSignalError
from okx_core.models.member_names import FOUND_MEMBER, MEMBER_NAMES
from resources.config.okx_hosts import REST_HOSTS

# A special character of the password must be percent-encoded, else it ends the URL's part too early.
DATABASE_URL = re.compile(
    r"postgres(ql)?://([^:@/?#%[\]\s]|%[0-9a-fA-F]{2})*(:([^:@/?#%[\]\s]|%[0-9a-fA-F]{2})*)?@?"
    r"([^:@/?#\s[\]]+|\[[0-9a-fA-F:.]+\])?(:\d{1,5})?/[^/?#\s]+(\?[^#\s]*)?"
)
PAIR = re.compile(r"[A-Z0-9]+-[A-Z0-9]+(-SWAP)?")
CLOCK = re.compile(r"real|fixed:(?P<fixed>.+)|accelerated:(?P<from>.+):\d+(\.\d+)?")


class SettingsError(OkxSignalError):
    """A setting is missing or wrong; nothing has been started."""


class Mode(StrEnum):
    """Where data comes from and where orders go."""

    SIMULATED = "simulated"
    PAPER = "paper"
    DEMO = "demo"
    LIVE = "live"

    @property
    def account(self) -> str:
        """Where orders go and whether that costs money."""
        return ACCOUNTS[self]


ACCOUNTS = {
    Mode.SIMULATED: "simulated exchange on this machine, no real money",
    Mode.PAPER: "simulated exchange on this machine at the prices of OKX, no real money",
    Mode.DEMO: "demo trading account at OKX, no real money",
    Mode.LIVE: "live account at OKX, REAL MONEY",
}


def _one_of(kind: str, choices: Iterable[str]) -> BeforeValidator:
    names = tuple(choices)

    def check(value: object) -> object:
        if value not in names:
            raise ValueError(f"unknown {kind} {value!r}; choose one of {', '.join(names)}")
        return value

    return BeforeValidator(check)


def _absolute(value: Path) -> Path:
    home = value.expanduser().resolve()
    nearest = next(place for place in (home, *home.parents) if place.exists())
    if not nearest.is_dir():
        raise ValueError(f"{nearest} is not a directory; choose another home")
    return home


def _names_pairs(value: str) -> str:
    parts = [part.strip().upper() for part in value.split(",")]
    if not any(parts):
        raise ValueError("names no pair; write it like BTC-USDT,ETH-USDT")
    if not all(parts):
        raise ValueError(f"{value!r} has nothing between two commas; write it like BTC-USDT,ETH-USDT")
    for number, part in enumerate(parts):
        if not PAIR.fullmatch(part):
            raise ValueError(f"{part!r} is no pair; write it like BTC-USDT,ETH-USDT")
        if part in parts[:number]:
            raise ValueError(f"{part} is there twice; keep one")
    return value


def _names_members(value: str) -> str:
    named = [part.strip() for part in value.split(",")]
    unknown = [name for name in named if name not in MEMBER_NAMES and not FOUND_MEMBER.fullmatch(name)]
    if unknown:
        raise ValueError(
            f"no member {unknown[0]!r}; known: {', '.join(MEMBER_NAMES)}, and those that `okxsignal search` has found"
        )
    if len(set(named)) < len(named):
        raise ValueError(f"{value!r} names a member twice")
    return value


def _names_challengers(value: str) -> str:
    return _names_members(value) if value.strip() else ""


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z0-9]+", value):
        raise ValueError("not of the form USDT: capital letters and digits")
    return value


def _clock(value: str) -> str:
    found = CLOCK.fullmatch(value)
    try:
        moment = found and (found["fixed"] or found["from"])
        if found and (moment is None or datetime.fromisoformat(moment)):
            return value
    except ValueError:
        pass
    raise ValueError("not of the form real or fixed:2023-06-01T12:00:00Z")


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    """Whether a text is a URL with one of the schemes, a host, and a port, if any, that exists."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in schemes
            and bool(parts.hostname)
            and parts.port != 0
            and not re.search(r"\s", text)
        )
    except ValueError:
        return False


def _web_address(value: SecretStr) -> SecretStr:
    if not _is_address(value.get_secret_value(), ("http", "https")):
        raise ValueError("not of the form https://host/path")
    return value


def _host(example: str, *schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if value and not _is_address(value, schemes):
            raise ValueError(f"not of the form {example}")
        return value

    return AfterValidator(check)


def _postgres_url(value: SecretStr) -> SecretStr:
    if not DATABASE_URL.fullmatch(value.get_secret_value()):
        raise ValueError(
            "not of the form postgresql://user:password@host:port/database; percent-encode the special "
            "characters of a password"
        )
    return value


def _store_url(value: str) -> str:
    """Every process must find the same files there, whatever folder it was started in, and again tomorrow."""
    protocol, separator, rest = value.partition("://")
    if not value:
        return value
    if "::" in value:
        raise ValueError("a chain of places (::) cannot be written to; name one folder or one URL")
    if protocol == "memory":
        raise ValueError("memory is lost with its process; name a folder or a bucket")
    if separator and not rest.strip("/"):
        raise ValueError(
            f"{value} names no place; write the bucket or folder too, such as s3://bucket/folder"
        )
    if separator and protocol not in ("file", "local"):
        return value.rstrip("/")
    folder = Path(rest if separator else value).expanduser()
    if not folder.is_absolute():
        raise ValueError(f"{value} is relative to wherever a process is started; write {folder.absolute()}")
    return str(folder)


def _json_object(value: SecretStr) -> SecretStr:
    try:
        options = json.loads(value.get_secret_value())
    except json.JSONDecodeError:
        options = None
    if not isinstance(options, dict):
        raise ValueError('not a JSON object like {"endpoint_url": "https://..."}')
    return value


ModeName = Annotated[Mode, _one_of("mode", Mode)]
Region = Annotated[str, _one_of("region", REST_HOSTS)]
HomePath = Annotated[Path, AfterValidator(_absolute)]
PairNames = Annotated[str, AfterValidator(_names_pairs)]
Currency = Annotated[str, AfterValidator(_currency)]
Clock = Annotated[str, AfterValidator(_clock)]
RestHost = Annotated[str, _host("https://www.okx.com", "http", "https")]
StreamHost = Annotated[str, _host("wss://ws.okx.com:8443", "ws", "wss")]
PostgresUrl = Annotated[SecretStr, AfterValidator(_postgres_url)]
StoreUrl = Annotated[str, AfterValidator(_store_url)]
JsonObject = Annotated[SecretStr, AfterValidator(_json_object)]
Port = Annotated[int, Field(ge=1, le=65535)]
Limit = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100)]
WebAddress = Annotated[SecretStr, AfterValidator(_web_address)]
Strength = Annotated[float, Field(ge=0, le=3)]
MemberNames = Annotated[str, AfterValidator(_names_members)]
ChallengerNames = Annotated[str, AfterValidator(_names_challengers)]
Weeks = Annotated[int, Field(ge=1, le=520)]
DayCount = Annotated[int, Field(ge=1)] | Literal["all"]
