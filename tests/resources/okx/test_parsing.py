from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from resources.okx.errors import ParsingError
from resources.okx.parsing import (
    parse_account_config,
    parse_balance,
    parse_fill,
    parse_instrument,
    parse_order,
    parse_order_ack,
    parse_order_book,
    parse_rows,
    parse_ticker,
    parse_trade_fee,
)

SPOT = {
    "instType": "SPOT",
    "instId": "BTC-USDT",
    "baseCcy": "BTC",
    "quoteCcy": "USDT",
    "uly": "",
    "tickSz": "0.1",
    "lotSz": "0.00000001",
    "minSz": "0.00001",
    "listTime": "1548133413000",
    "state": "live",
}
ORDER = {
    "instId": "BTC-USDT",
    "ordId": "680800019749904384",
    "clOrdId": "",
    "side": "buy",
    "ordType": "market",
    "state": "filled",
    "sz": "100",
    "tgtCcy": "quote_ccy",
    "accFillSz": "0.002",
    "avgPx": "50000",
    "fee": "-0.000002",
    "feeCcy": "BTC",
    "cancelSource": "",
    "cTime": "1708587373361",
    "uTime": "1708587373362",
}
FILL = {
    "instId": "BTC-USDT",
    "tradeId": "744876980",
    "ordId": "680800019749904384",
    "clOrdId": "",
    "billId": "680800019754098688",
    "side": "sell",
    "fillPx": "50000",
    "fillSz": "0.002",
    "fee": "-0.1",
    "feeCcy": "USDT",
    "execType": "T",
    "fillTime": "1708587373361",
    "ts": "1708587373999",
}


def test_a_spot_instrument() -> None:
    instrument = parse_instrument(SPOT)
    assert instrument is not None
    assert (instrument.base, instrument.quote, instrument.tick) == ("BTC", "USDT", Decimal("0.1"))
    assert instrument.list_time == datetime(2019, 1, 22, 5, 3, 33, tzinfo=UTC)


def test_a_swap_takes_its_coins_from_the_underlying() -> None:
    swap = {**SPOT, "instId": "BTC-USDT-SWAP", "baseCcy": "", "quoteCcy": "", "uly": "BTC-USDT"}
    instrument = parse_instrument(swap)
    assert instrument is not None
    assert (instrument.base, instrument.quote) == ("BTC", "USDT")


@pytest.mark.parametrize("field", ["instId", "tickSz", "lotSz", "minSz"])
def test_an_announced_instrument_without_steps_is_left_out(field: str) -> None:
    assert parse_instrument({**SPOT, field: "", "state": "preopen"}) is None
    assert parse_instrument({"instType": "SPOT", "state": "preopen", "listTime": "1"}) is None


@pytest.mark.parametrize(("field", "value"), [("tickSz", "-1"), ("lotSz", "abc"), ("minSz", "NaN")])
def test_an_instrument_with_impossible_steps_is_named(field: str, value: str) -> None:
    with pytest.raises(ParsingError, match=f"BTC-USDT: field {field} is '{value}'"):
        parse_instrument({**SPOT, field: value})


def test_absent_numbers_are_none_not_zero() -> None:
    order = parse_order({**ORDER, "avgPx": "", "fee": ""})
    assert order.average_price is None
    assert order.fee is None
    assert parse_order({**ORDER, "avgPx": "0"}).average_price is None


def test_an_order_record() -> None:
    order = parse_order(ORDER)
    assert (order.size, order.size_currency, order.filled_size) == (Decimal(100), "quote", Decimal("0.002"))
    assert order.is_final
    assert not parse_order({**ORDER, "state": "partially_filled"}).is_final
    assert order.updated_at > order.created_at


@pytest.mark.parametrize(
    ("field", "value"), [("ordId", ""), ("state", None), ("sz", ""), ("cTime", "soon"), ("accFillSz", "x")]
)
def test_a_broken_order_is_named_by_field_value_and_instrument(field: str, value: Any) -> None:
    with pytest.raises(ParsingError, match=f"BTC-USDT: field {field} is {value!r}"):
        parse_order({**ORDER, field: value})


def test_a_fill_counts_from_its_match() -> None:
    fill = parse_fill(FILL)
    assert fill.filled_at.microsecond == 361_000
    assert parse_fill({**FILL, "fillTime": ""}).filled_at.microsecond == 999_000
    assert (fill.fee, fill.fee_currency, fill.liquidity) == (Decimal("-0.1"), "USDT", "T")


def test_a_balance_uses_what_is_available_in_spot_mode() -> None:
    coin = {"ccy": "USDT", "cashBal": "99.5", "availBal": "90", "availEq": "", "frozenBal": "9.5"}
    balance = parse_balance({"totalEq": "", "uTime": "1744499648556", "details": [coin]})
    assert balance.total_equity_usd is None
    assert balance.available("USDT") == 90
    assert balance.available("BTC") == 0
    with pytest.raises(ParsingError, match="USDT: field availBal"):
        parse_balance({"totalEq": "1", "uTime": "1", "details": [{**coin, "availBal": ""}]})


def test_a_ticker_of_a_pair_that_never_traded_has_gaps() -> None:
    row = {"instType": "SPOT", "instId": "NEW-USDT", "last": "", "askPx": "", "bidPx": "1", "ts": "1"}
    ticker = parse_ticker(row)
    assert ticker.last is None
    assert ticker.spread_bps is None


def test_volume_of_spot_and_swap_is_in_base() -> None:
    row = {"instId": "X", "vol24h": "1000", "volCcy24h": "10", "bidPx": "99", "askPx": "101", "ts": "1"}
    spot, swap = (parse_ticker({**row, "instType": kind}) for kind in ("SPOT", "SWAP"))
    assert (spot.volume_24h_base, spot.turnover_24h_quote) == (1000, 10)
    assert (swap.volume_24h_base, swap.turnover_24h_quote) == (10, None)
    assert spot.spread_bps == pytest.approx(200.0)


def test_a_book_and_its_broken_levels() -> None:
    row: dict[str, Any] = {"asks": [["2", "1", "0", "1"]], "bids": [["1", "3", "0", "1"]], "ts": "1"}
    book = parse_order_book("BTC-USDT", row)
    assert book.asks == ((Decimal(2), Decimal(1)),)
    for broken in ("level", ["1"], [["x", "1"]]):
        with pytest.raises(ParsingError, match="BTC-USDT"):
            parse_order_book("BTC-USDT", {**row, "asks": broken})


def test_fees_are_positive_when_paid_and_the_group_decides() -> None:
    group = {"groupId": "1", "maker": "-0.0008", "taker": "-0.001"}
    fee = parse_trade_fee({"maker": "", "taker": "", "feeGroup": [group]})
    assert (fee.maker, fee.taker) == (Decimal("0.0008"), Decimal("0.001"))
    assert parse_trade_fee({"maker": "-0.1", "taker": "-0.2"}).taker == Decimal("0.2")


def test_an_account_configuration() -> None:
    config = parse_account_config(
        {"uid": "1", "acctLv": "1", "posMode": "net_mode", "perm": "read_only,trade"}
    )
    assert config.permissions == ("read_only", "trade")
    assert config.fee_type == "0"


def test_an_acknowledgement_needs_an_order_id() -> None:
    assert parse_order_ack({"ordId": "7"}).order_id == "7"
    with pytest.raises(ParsingError, match="ordId"):
        parse_order_ack({"ordId": ""})


def test_rows_that_are_no_objects_are_refused() -> None:
    with pytest.raises(ParsingError, match="row 1 is 'x'"):
        parse_rows([{}, "x"], lambda row: row)
