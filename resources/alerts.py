"""Alerts: kept in ops.alerts, and sent to a webhook when one is set."""

import logging

import requests
from pydantic import SecretStr

from resources.postgres.database import Database

LOG = logging.getLogger("okxsignal.alerts")
TIMEOUT_SECONDS = 5


def raise_alert(
    webhook: SecretStr | None, database: Database, subject: str, message: str, run_id: str | None
) -> None:
    """Deliver and record one alert. A webhook that does not answer is logged; the record says so."""
    delivered = False
    if webhook is not None:
        try:
            response = requests.post(
                webhook.get_secret_value(),
                json={"text": f"{subject}\n{message}"},
                timeout=TIMEOUT_SECONDS,
            )
            delivered = response.ok
        except requests.RequestException as error:
            LOG.warning("alert webhook failed: %s", type(error).__name__)
    database.execute(
        "insert into ops.alerts (subject, message, run_id, delivered) values ($1, $2, $3, $4)",
        (subject, message, run_id, delivered),
    )
