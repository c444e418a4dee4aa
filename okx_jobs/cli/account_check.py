"""The account part of `okxsignal doctor`: keys, permissions, address, modes."""

from collections.abc import Iterator

from okx_core.errors import OkxSignalError
from okx_jobs.cli.diagnosis import Diagnosis
from resources.config.declarations import KEYS, variable_of
from resources.config.okx_hosts import REST_HOSTS
from resources.config.settings import Mode, Settings
from resources.okx.client import OkxClient
from resources.okx.errors import OkxError
from resources.okx.rows.account import AccountConfig

LEVELS = {"1": "spot", "2": "futures", "3": "multi-currency margin", "4": "portfolio margin"}
# Spot orders go out with tdMode cash, which the two margin levels refuse.
TRADABLE_LEVELS = ("1", "2")
KEY_UNKNOWN, OTHER_ENVIRONMENT = ("50111", "50119"), "50101"


def diagnose_account(client: OkxClient, settings: Settings) -> Iterator[Diagnosis]:
    """Everything a key can be asked about itself, with one call."""
    if not settings.exchange.is_local:
        missing = [variable_of(name) for name in KEYS if not getattr(settings, name)]
        if missing:
            yield Diagnosis(
                "keys", f"{', '.join(missing)} not set", "put the key, its secret and passphrase in .env"
            )
            return
        yield Diagnosis("keys", "set")
    try:
        config = client.account_config()
    except OkxSignalError as error:
        yield Diagnosis("account", "does not open", _remedy(error, settings))
        return
    level = LEVELS.get(config.account_level, "unknown")
    yield Diagnosis(
        "account",
        f"level {config.account_level} ({level}), {config.position_mode}",
        ""
        if config.account_level in TRADABLE_LEVELS
        else "switch the account to spot or futures mode at OKX: spot is traded with cash",
    )
    yield from _permissions(config, settings)


def _remedy(error: OkxSignalError, settings: Settings) -> str:
    """OKX's message, and in which region the key may belong."""
    code = error.code if isinstance(error, OkxError) else ""
    if code in KEY_UNKNOWN and not settings.exchange.is_local:
        others = ", ".join(region for region in REST_HOSTS if region != settings.okx_region)
        return (
            f"{error}; the region is {settings.okx_region}: if the account was opened elsewhere, set "
            f"OKXSIGNAL_OKX_REGION to one of {others}"
        )
    if code == OTHER_ENVIRONMENT:
        return f"{error}; demo keys are made inside demo trading, and OKXSIGNAL_MODE is {settings.mode}"
    return str(error)


def _permissions(config: AccountConfig, settings: Settings) -> Iterator[Diagnosis]:
    """The key should read and trade and nothing else, from this address only."""
    held = set(config.permissions)
    remedies = []
    if "trade" not in held:
        remedies.append("grant the key the permission to trade")
    if "withdraw" in held:
        remedies.append("make a key that cannot withdraw: nothing here ever withdraws")
    yield Diagnosis("permissions", ", ".join(config.permissions) or "none", "; ".join(remedies))
    if settings.exchange.is_local:
        return
    exposed = settings.mode is Mode.LIVE and not config.is_bound_to_ip
    yield Diagnosis(
        "address of the key",
        "bound" if config.is_bound_to_ip else "not bound to any IP address",
        "bind the key to this machine's address at OKX: unbound it works from anywhere, and is deleted after "
        "14 idle days"
        if exposed
        else "",
    )
