"""One request as an endpoint sees it, and the row of an answer."""

from dataclasses import dataclass

Payload = dict[str, object]


@dataclass(frozen=True)
class Call:
    """Parameters without the empty ones; `rows` holds the objects of a batch."""

    parameters: dict[str, str]
    exp_time: str = ""
    rows: tuple[dict[str, str], ...] = ()
