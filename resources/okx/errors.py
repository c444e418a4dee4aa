"""Errors of the OKX client, and what the caller may do about each.

OkxError
+-- PermanentError        the same request fails again: fix the input, the key or the configuration
|   +-- ParsingError      OKX answered something this client does not understand
|   +-- OrderRejected     the order was not taken; `s_code` says why
+-- TransientError        nothing happened; the same request may succeed later
|   +-- RateLimited       too many requests; wait for at least one window
+-- UnknownOutcomeError   an order was sent and may or may not exist: look it up, never send it again blindly
"""

from okx_core.errors import OkxSignalError

RATE_LIMIT_CODES = frozenset({"50011", "50040", "50061"})
BUSY_CODES = frozenset({"50001", "50004", "50013", "50026", "51054", "51149"})
CLOCK_SKEW_CODE = "50102"
ORDER_NOT_FOUND_CODE = "51603"
OPERATION_FAILED_CODES = frozenset({"1", "2"})

REMEDIES = {
    "50101": "the key belongs to the other environment; check the mode and its keys",
    "50102": "the local clock is off by more than 30 s; synchronise it",
    "50105": "the passphrase is wrong; correct it",
    "50110": "this IP address is not bound to the key; add it at OKX",
    "50111": "the key is unknown; correct it",
    "50113": "the signature is wrong; correct the secret",
    "50119": "the key is unknown here, often the wrong region; check the host",
    "50120": "the key lacks the permission; grant it at OKX",
    "51001": "the instrument does not exist here; refresh the instruments",
    "51008": "the balance is too small; read it again and shrink the order",
    "51010": "the account mode forbids it; change the mode at OKX",
    "51016": "an earlier order with this client id is still open; look it up",
    "51020": "the order is below the minimum size; read the instruments",
    "51121": "the size is not a multiple of the lot; read the instruments",
}


class OkxError(OkxSignalError):
    """Any failure of a call. `endpoint` is METHOD path, `code` OKX's code or '' when there was none."""

    def __init__(self, endpoint: str, problem: str, code: str = "") -> None:
        remedy = REMEDIES.get(code, "")
        said = f"{code} {problem}" if code else problem
        super().__init__(f"OKX {endpoint}: {said}{'; ' + remedy if remedy else ''}")
        self.endpoint = endpoint
        self.code = code


class PermanentError(OkxError):
    """The same request fails again."""


class ParsingError(PermanentError):
    """An answer that does not have the documented shape; the text names field, value and place."""


class OrderRejected(PermanentError):  # noqa: N818 - named after the outcome
    """The exchange rejected the order; there is none. `s_code` is OKX's reason."""

    @property
    def s_code(self) -> str:
        return self.code


class TransientError(OkxError):
    """Nothing happened; try again later."""


class RateLimited(TransientError):  # noqa: N818 - named after the outcome
    """Refused for coming too fast; nothing happened."""


class UnknownOutcomeError(OkxError):
    """An order may or may not exist: find out by its client order id."""


def error_for_code(endpoint: str, code: str, message: str) -> OkxError:
    """The error of a *read* that OKX answered with `code`."""
    if code in RATE_LIMIT_CODES:
        return RateLimited(endpoint, message, code)
    if code in BUSY_CODES:
        return TransientError(endpoint, message, code)
    return PermanentError(endpoint, message, code)


def order_error_for_code(endpoint: str, code: str, message: str) -> OkxError:
    """The error of an order that OKX answered with `code`, from the envelope or from its row."""
    if code in RATE_LIMIT_CODES:
        return RateLimited(endpoint, message, code)
    if code in BUSY_CODES:
        return UnknownOutcomeError(endpoint, message, code)
    if code.startswith("501") and len(code) == 5:
        return PermanentError(endpoint, message, code)
    return OrderRejected(endpoint, message, code)
