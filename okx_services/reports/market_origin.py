"""Whether the figures of a database come from a market whose edge was planted."""

import re

SYNTHETIC = re.compile(r"^simulated synthetic .*strength=(?P<strength>[\d.e+-]+)$")


def planted_strength(identity: str | None) -> float | None:
    """The strength of the predictable part of a synthetic market, None for any other market.

    `identity` is the text in ops.market_source, as `resources.stores.market_identity` writes it.
    """
    found = SYNTHETIC.match(identity or "")
    return float(found["strength"]) if found else None


def market_label(identity: str | None) -> str:
    """A few words beside a figure, empty for a real market."""
    strength = planted_strength(identity)
    if strength is None:
        return ""
    return f"planted edge, strength {strength:g}" if strength else "pure noise, no edge planted"


def market_note(identity: str | None) -> str:
    """One sentence that says how to read figures of this market, empty for a real market."""
    strength = planted_strength(identity)
    if strength is None:
        return ""
    if not strength:
        return "The market is synthetic noise: nothing in it can be predicted, so a profit here is chance."
    return (
        f"The market is synthetic and a predictable part of strength {strength:g} was planted in it: "
        "these figures show that the pipeline finds it, they say nothing about real markets."
    )
