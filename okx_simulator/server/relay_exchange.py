"""An exchange whose prices are OKX's and whose account is here."""

import time
from pathlib import Path

from okx_core.errors import OkxSignalError
from okx_simulator.exchange import AccountSettings, Exchange
from okx_simulator.protocol.clock import ExchangeClock
from okx_simulator.protocol.errors import ApiError
from okx_simulator.relay.market import RelayTape
from okx_simulator.relay.upstream import Upstream


def relay_exchange(
    base_url: str, home: Path | None = None, account: AccountSettings | None = None, rate_limits: bool = True
) -> Exchange:
    """The exchange of the relay of `base_url`, on OKX's time; an error when OKX does not answer."""
    upstream = Upstream(base_url)
    try:
        okx_ms = int(upstream.rows("/public/time", {})[0]["ts"])
    except ApiError as error:
        raise OkxSignalError(
            f"{error.message}; check the network and the address, or use --tape synthetic"
        ) from None
    offset_seconds = okx_ms / 1000 - time.time()
    clock = ExchangeClock(wall_seconds=lambda: time.time() + offset_seconds)
    return Exchange(RelayTape(upstream), clock, home, account, rate_limits, relay=upstream)
