"""Addresses fit for logs and messages: without passwords, signatures and tokens."""

import re

PASSWORD_IN_URL = re.compile(r"(?<=://)([^:@/]*):.*@")
# Also in the percent-encoded form in which some libraries repeat an address.
QUERY_OF_URL = re.compile(r"(?i)(?:(?<=[?&;])|(?<=%3F)|(?<=%26))([^=&;\s%]+)(=|%3D)([^&;\s]*)")
# What a URL's query may show; any other value, such as a signature or a token, is a secret until we know better.
SHOWN_IN_QUERY = frozenset(
    [
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "sslmode",
        "sslrootcert",
        "sslcert",
        "application_name",
        "connect_timeout",
        "target_session_attrs",
        "channel_binding",
        "keepalives",
        "client_encoding",
    ]
)


def masked(url: str) -> str:
    """The URL without its password and the secrets of its query."""
    hidden = PASSWORD_IN_URL.sub(lambda found: f"{found[1]}:***@", url)
    return QUERY_OF_URL.sub(
        lambda found: found[0] if found[1].lower() in SHOWN_IN_QUERY else f"{found[1]}{found[2]}***", hidden
    )
