"""The root of every error a user is meant to read."""


class OkxSignalError(Exception):
    """User-facing: the message names the value, the place and the remedy."""
