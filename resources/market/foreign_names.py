"""What the name of a candle file of another program says: pair, length of its bars, and whether it holds candles."""

import re
from pathlib import Path

QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "EUR", "TRY", "BTC", "ETH")
TIMEFRAME = re.compile(r"(?<![A-Za-z0-9])(\d+)([mhdwMHDW])(?![A-Za-z0-9])")
UNIT_MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10080}
MONTH, MONTH_MINUTES = "1M", 43200  # any other number of M is minutes
OTHER_KINDS = re.compile(r"(?i)(?<![a-z])(funding_rate|mark|index|premiumIndex|trades)(?![a-z])")
IN_CAPITALS = re.compile(rf"(?<![A-Za-z0-9])([A-Z0-9]+?)[-_]?({'|'.join(QUOTES)})(?![A-Za-z0-9])")


def holds_something_else(path: Path) -> bool:
    """Whether the name says that these are no candles of trades."""
    return bool(OTHER_KINDS.search(path.name))


def minutes_of_name(path: Path) -> int | None:
    """The length of a bar by the name of the file, None when it does not say."""
    found = TIMEFRAME.search(path.name)
    if found is None:
        return None
    return MONTH_MINUTES if found[0] == MONTH else int(found[1]) * UNIT_MINUTES[found[2].lower()]


def pair_of_name(path: Path) -> str | None:
    """The pair by the name of the file, None when it does not say.

    In capitals it may be anywhere: BTC_USDT-1h, Binance_BTCUSDT_1h; in other letters the name begins with it.
    """
    found = IN_CAPITALS.search(path.name)
    if found:
        return f"{found[1]}-{found[2]}"
    parts = re.split(r"[-_ ]", path.name.upper().partition(".")[0])
    if len(parts) > 1 and parts[1] in QUOTES and parts[0].isalnum():
        return f"{parts[0]}-{parts[1]}"
    quote = next((quote for quote in QUOTES if parts[0].endswith(quote) and parts[0] != quote), None)
    return None if quote is None else f"{parts[0].removesuffix(quote)}-{quote}"
