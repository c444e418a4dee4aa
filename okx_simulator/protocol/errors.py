"""OKX's error codes that the simulator answers with, each with its HTTP status and text."""


class ApiError(Exception):
    """A request that fails as a whole: `code` and `message` go into the envelope."""

    def __init__(self, code: str, message: str, status: int = 200) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status


class OrderRefusedError(ApiError):
    """A well-formed order the exchange does not take: code "1" and the reason in the row's sCode."""


def parameter_error(name: str, why: str = "") -> ApiError:
    return ApiError("51000", f"Parameter {name} error{': ' + why if why else ''}", 400)


def empty_parameter(name: str) -> ApiError:
    return ApiError("50014", f"Parameter {name} can not be empty.", 400)


def unknown_instrument() -> ApiError:
    return ApiError("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")


def expired_request() -> ApiError:
    return ApiError(
        "50036", "The expTime can't be earlier than the current system time. Please adjust the expTime."
    )


def rate_limited() -> ApiError:
    return ApiError("50011", "Requests too frequent. Please reduce the request frequency.", 429)


def order_not_found() -> ApiError:
    return ApiError("51603", "Order does not exist")


def pair_suspended() -> OrderRefusedError:
    return OrderRefusedError("51022", "Contract suspended.")


def insufficient_balance(currency: str) -> OrderRefusedError:
    return OrderRefusedError("51008", f"Order failed. Insufficient {currency} balance in account.")
