"""The simulator's admin port: its clock and its fault script."""

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

    def step(self, seconds: float) -> None:
        """Stop the exchange's clock `seconds` after where it is now."""
        self._post("/admin/clock", {"mode": "step", "by_seconds": seconds})

    def add_faults(self, *rules: dict[str, Any]) -> None:
        """Arm rules such as {"kind": "busy", "path": "/market/*", "count": 2}."""
        self._post("/admin/faults", list(rules))

    def faults(self) -> list[dict[str, Any]]:
        """The armed rules, each with how often it matched and fired."""
        found: list[dict[str, Any]] = self._call("GET", "/admin/faults")["faults"]
        return found

    def clear_faults(self) -> None:
        self._call("DELETE", "/admin/faults")

    def _post(self, path: str, body: Any) -> None:
        self._call("POST", path, body)

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        try:
            response = requests.request(method, self.url + path, json=body, timeout=TIMEOUT_SECONDS)
        except requests.RequestException:
            raise SimulatorAdminError(
                f"the simulator's admin port {self.url} does not answer: start it with `okxsignal up`"
            ) from None
        if response.status_code != requests.codes.ok:
            raise SimulatorAdminError(f"the simulator refused {path} {body}: {response.text[:200]}")
        answer: dict[str, Any] = response.json()
        return answer
