"""Whether a local service answers over HTTP."""

import requests

TIMEOUT_SECONDS = 2
OK = 200


def is_healthy(url: str) -> bool:
    """True when the address answers with status 200 within two seconds. A proxy of the environment is not asked."""
    session = requests.Session()
    session.trust_env = False
    with session:
        try:
            status: int = session.get(url, timeout=TIMEOUT_SECONDS).status_code
            return status == OK
        except requests.RequestException:
            return False
