"""The simulator's admin port: its clock."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from okx_core.errors import OkxSignalError

TIMEOUT_SECONDS = 10


class SimulatorAdminError(OkxSignalError):
    """The simulator's admin port does not answer or refused."""


@dataclass(frozen=True)
class SimulatorAdmin:
    """Address of the admin port."""

    url: str

    def set_fixed(self, now: datetime) -> None:
        """Stop the exchange's clock at `now`."""
        self._post(
            "/admin/clock", {"mode": "fixed", "now": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        )

    def set_real(self) -> None:
        self._post("/admin/clock", {"mode": "real"})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        try:
            response = requests.post(self.url + path, json=body, timeout=TIMEOUT_SECONDS)
        except requests.RequestException:
            raise SimulatorAdminError(
                f"the simulator's admin port {self.url} does not answer: start it with `okxsignal up`"
            ) from None
        if response.status_code != requests.codes.ok:
            raise SimulatorAdminError(f"the simulator refused {path} {body}: {response.text[:200]}")
