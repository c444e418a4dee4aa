"""What our rows mean beyond what they say: units, signs, what is missing."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from resources.okx.errors import ParsingError
from resources.okx.rows.account import AccountConfig, Balance, TradeFee
from resources.okx.rows.algo import AlgoOrder
from resources.okx.rows.instruments import InstrumentRow
from resources.okx.rows.market import FundingForecast, OrderBook, PublicTrade, Ticker
from resources.okx.rows.orders import CancelTimer, Fill, OrderRecord

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


class TestInstruments:
    def test_a_spot_pair(self) -> None:
        instrument = InstrumentRow.parse(SPOT).instrument
        assert instrument is not None
        assert (instrument.base, instrument.quote, instrument.tick) == ("BTC", "USDT", Decimal("0.1"))
        assert instrument.list_time == datetime(2019, 1, 22, 5, 3, 33, tzinfo=UTC)

    def test_a_swap_takes_its_coins_from_the_underlying(self) -> None:
        swap = {**SPOT, "instId": "BTC-USDT-SWAP", "baseCcy": "", "quoteCcy": "", "uly": "BTC-USDT"}
        instrument = InstrumentRow.parse(swap).instrument
        assert instrument is not None
        assert (instrument.base, instrument.quote) == ("BTC", "USDT")

    def test_an_announced_pair_has_no_steps_and_may_have_no_name(self) -> None:
        for row in (
            {"instType": "SPOT", "state": "preopen", "listTime": "1"},
            {**SPOT, "tickSz": "", "lotSz": "", "minSz": "", "state": "preopen"},
        ):
            assert InstrumentRow.parse(row).instrument is None

    @pytest.mark.parametrize(("field", "value"), [("tickSz", "-1"), ("lotSz", "abc"), ("minSz", "NaN")])
    def test_impossible_steps_are_named(self, field: str, value: str) -> None:
        with pytest.raises(ParsingError, match=f"BTC-USDT: field {field} is '{value}', expected a number"):
            InstrumentRow.parse({**SPOT, field: value})


class TestOrders:
    def test_absent_numbers_are_none_not_zero(self) -> None:
        order = OrderRecord.parse({**ORDER, "avgPx": "", "fee": ""})
        assert order.average_price is None
        assert order.fee is None
        assert OrderRecord.parse({**ORDER, "avgPx": "0"}).average_price is None

    def test_a_market_order_may_count_quote_but_fills_count_base(self) -> None:
        order = OrderRecord.parse(ORDER)
        assert (order.size, order.size_currency, order.filled_size) == (
            Decimal(100),
            "quote",
            Decimal("0.002"),
        )
        assert order.is_final
        assert not OrderRecord.parse({**ORDER, "state": "partially_filled"}).is_final
        assert order.updated_at > order.created_at

    @pytest.mark.parametrize(
        ("field", "value"),
        [("ordId", ""), ("state", None), ("sz", ""), ("cTime", "soon"), ("accFillSz", "x"), ("fee", 0.1)],
    )
    def test_a_broken_one_is_named_by_field_value_and_instrument(self, field: str, value: Any) -> None:
        with pytest.raises(ParsingError, match=f"BTC-USDT: field {field} is {value!r}"):
            OrderRecord.parse({**ORDER, field: value})

    def test_a_fill_counts_from_its_match(self) -> None:
        fill = Fill.parse(FILL)
        assert fill.filled_at.microsecond == 361_000
        assert Fill.parse({**FILL, "fillTime": ""}).filled_at.microsecond == 999_000
        assert (fill.fee, fill.fee_currency, fill.liquidity) == (Decimal("-0.1"), "USDT", "T")
        assert Fill.parse({**FILL, "fee": ""}).fee == 0

    def test_an_algo_order_that_has_not_fired_has_no_time_of_it(self) -> None:
        row = {
            "instId": "X", "algoId": "1", "ordType": "trigger", "state": "live", "side": "buy", "cTime": "1",
        }  # fmt: skip
        waiting = AlgoOrder.parse({**row, "triggerTime": "0"})
        assert waiting.is_waiting
        assert waiting.triggered_at is None
        fired = AlgoOrder.parse({**row, "state": "effective", "triggerTime": "1708679675244"})
        assert not fired.is_waiting
        assert fired.triggered_at is not None

    @pytest.mark.parametrize(
        ("trigger", "stamp"), [("1767225660", "1767225600"), ("1767225660000", "1767225600000")]
    )
    def test_the_timer_that_cancels_all_counts_seconds_or_milliseconds(
        self, trigger: str, stamp: str
    ) -> None:
        timer = CancelTimer.parse({"triggerTime": trigger, "tag": "", "ts": stamp})
        assert timer.triggers_at == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
        assert timer.as_of == datetime(2026, 1, 1, tzinfo=UTC)
        assert CancelTimer.parse({"triggerTime": "0", "ts": stamp}).triggers_at is None


class TestAccount:
    def test_a_balance_uses_what_is_available_in_spot_mode(self) -> None:
        coin = {"ccy": "USDT", "cashBal": "99.5", "availBal": "90", "availEq": "", "frozenBal": "9.5"}
        balance = Balance.parse({"totalEq": "", "uTime": "1744499648556", "details": [coin]})
        assert balance.total_equity_usd is None
        assert (balance.available("USDT"), balance.available("BTC")) == (90, 0)
        assert balance.details[0].frozen == Decimal("9.5")
        with pytest.raises(ParsingError, match="details 0, USDT: field availBal is ''"):
            Balance.parse({"totalEq": "1", "uTime": "1", "details": [{**coin, "availBal": ""}]})

    def test_fees_are_positive_when_paid_and_the_group_decides(self) -> None:
        groups = [
            {"groupId": "1", "maker": "-0.0008", "taker": "-0.001"},
            {"groupId": "2", "maker": "0.0001", "taker": "-0.0002"},
        ]
        fee = TradeFee.parse({"instType": "SPOT", "maker": "", "taker": "", "feeGroup": groups})
        assert (fee.maker, fee.taker) == (Decimal("0.0008"), Decimal("0.001"))
        assert fee.of_group("2").maker == Decimal("-0.0001"), "a rebate"
        old = TradeFee.parse({"instType": "SPOT", "maker": "-0.1", "taker": "-0.2"})
        assert old.taker == Decimal("0.2")
        with pytest.raises(ParsingError, match="maker and taker"):
            _ = TradeFee.parse({"instType": "SPOT", "maker": "-0.1"}).taker

    def test_a_configuration_says_what_the_key_may_do(self) -> None:
        row = {"uid": "1", "acctLv": "1", "posMode": "net_mode", "perm": "read_only,trade"}
        config = AccountConfig.parse(row)
        assert config.permissions == ("read_only", "trade")
        assert config.fee_type == "0"
        assert not config.is_bound_to_ip
        assert AccountConfig.parse({**row, "ip": "192.0.2.1"}).is_bound_to_ip


class TestMarket:
    def test_a_ticker_of_a_pair_that_never_traded_has_gaps(self) -> None:
        row = {"instType": "SPOT", "instId": "NEW-USDT", "last": "", "askPx": "", "bidPx": "1", "ts": "1"}
        ticker = Ticker.parse(row)
        assert ticker.last is None
        assert ticker.spread_bps is None

    def test_volume_of_spot_and_swap_is_in_base(self) -> None:
        row = {"instId": "X", "vol24h": "1000", "volCcy24h": "10", "bidPx": "99", "askPx": "101", "ts": "1"}
        spot, swap = (Ticker.parse({**row, "instType": kind}) for kind in ("SPOT", "SWAP"))
        assert (spot.volume_24h_base, spot.turnover_24h_quote) == (1000, 10)
        assert (swap.volume_24h_base, swap.turnover_24h_quote) == (10, None)
        assert spot.spread_bps == pytest.approx(200.0)

    def test_a_book_and_its_broken_levels(self) -> None:
        row: dict[str, Any] = {"asks": [["2", "1", "0", "1"]], "bids": [["1", "3", "0", "1"]], "ts": "1"}
        book = OrderBook.parse(row)
        assert (book.asks, book.bids) == (((2, 1),), ((1, 3),))
        assert book.ask_levels[0].orders == 1
        for broken in ("level", ["1"], [["x", "1", "0", "1"]]):
            with pytest.raises(ParsingError, match="asks"):
                OrderBook.parse({**row, "asks": broken})

    def test_a_push_may_merge_trades(self) -> None:
        row = {"instId": "X", "tradeId": "1", "px": "1", "sz": "1", "side": "buy", "ts": "1"}
        assert PublicTrade.parse(row).count == 1
        assert PublicTrade.parse({**row, "count": "3"}).count == 3

    def test_the_interval_of_funding_is_between_two_payments(self) -> None:
        row = {"instId": "X", "fundingRate": "0.1", "fundingTime": "0", "nextFundingTime": "14400000"}
        forecast = FundingForecast.parse(row)
        assert forecast.interval is not None
        assert forecast.interval.total_seconds() == 4 * 3600
        assert FundingForecast.parse({**row, "nextFundingTime": ""}).interval is None
