"""Pair and length of bars are read from the names of files."""

from pathlib import Path

import pytest

from resources.market.foreign_names import minutes_of_name, pair_of_name


@pytest.mark.parametrize(
    ("name", "pair", "minutes"),
    [
        ("BTC_USDT-1h.feather", "BTC-USDT", 60), ("BTC_USDT_USDT-1h-futures.feather", "BTC-USDT", 60),
        ("BTCUSDT-15m-2023-01.csv", "BTC-USDT", 15), ("1INCH_USDT-5m.json.gz", "1INCH-USDT", 5),
        ("ethbtc_4h.csv", "ETH-BTC", 240), ("BTC-USDT.csv", "BTC-USDT", None), ("prices.csv", None, None),
        ("USDT.csv", None, None), ("SOLUSDC.parquet", "SOL-USDC", None),
        ("market_BTC-USDT-1H.json", "BTC-USDT", 60), ("Binance_BTCUSDT_1h.csv", "BTC-USDT", 60),
        ("prices_in_usdt.csv", None, None), ("BTCUSDT_15M.csv", "BTC-USDT", 15),
        ("BTCUSDT_1M.csv", "BTC-USDT", 43200), ("BTC-USDT-4H.csv", "BTC-USDT", 240),
    ],
)  # fmt: skip
def test_pair_and_length_are_read_from_names(name: str, pair: str | None, minutes: int | None) -> None:
    assert (pair_of_name(Path(name)), minutes_of_name(Path(name))) == (pair, minutes)
