"""The fixed local account of the simulator. It opens nothing but a simulated exchange."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from okx_core.errors import OkxSignalError

SIMULATED_KEY = "simulated-key"
SIMULATED_SECRET = "simulated-secret"
SIMULATED_PASSPHRASE = "simulated-passphrase"


@dataclass(frozen=True)
class AccountKey:
    """One API key of the simulated account."""

    key: str = SIMULATED_KEY
    secret: str = field(default=SIMULATED_SECRET, repr=False)
    passphrase: str = field(default=SIMULATED_PASSPHRASE, repr=False)


def account_key_from(environment: Mapping[str, str] = os.environ) -> AccountKey:
    """The fixed key, unless OKX_SIMULATOR_KEY, _SECRET and _PASSPHRASE are all set."""
    names = ("OKX_SIMULATOR_KEY", "OKX_SIMULATOR_SECRET", "OKX_SIMULATOR_PASSPHRASE")
    given = [environment.get(name, "") for name in names]
    if all(given):
        return AccountKey(*given)
    if any(given):
        absent = [name for name, value in zip(names, given, strict=True) if not value]
        raise OkxSignalError(f"set {', '.join(absent)} too, or none of {', '.join(names)}")
    return AccountKey()
