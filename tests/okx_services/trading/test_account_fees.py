"""The account's own fees: read, kept with their moment, and never replaced by a cheaper default."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from okx_services.trading.account_fees import (
    current_fees,
    dearest_fee,
    fee_words,
    record_fees,
    taker_rate,
    with_fees,
)
from resources.okx.errors import TransientError
from resources.okx.rows.account import TradeFee
from resources.okx.rows.instruments import InstrumentRow

NOW = datetime(2026, 8, 9, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def answer(taker="-0.001", groups=(), maker="-0.0008"):
    """As OKX states it: paid fees are negative."""
    return TradeFee.parse(
        {
            "instType": "SPOT", "level": "Lv1", "maker": maker, "taker": taker, "ts": "1786276800000",
            "feeGroup": [{"groupId": name, "maker": maker, "taker": rate} for name, rate in groups],
        }
    )  # fmt: skip


@dataclass
class Account:
    stated: TradeFee | None

    def trade_fee(self, inst_type):
        assert inst_type == "SPOT"
        if self.stated is None:
            raise TransientError("GET /account/trade-fee", "busy")
        return self.stated


def listing(pair, group=""):
    return InstrumentRow.parse({"instType": "SPOT", "instId": pair, "state": "live", "groupId": group})


LISTED = [listing("BTC-USDT", "1"), listing("USDC-USDT", "2")]


def test_each_pair_has_the_fee_of_its_group_and_an_unknown_group_the_dearest():
    stated = answer("", [("1", "-0.0035"), ("2", "0.0001")])
    assert taker_rate(stated, "1") == Decimal("0.0035")
    assert taker_rate(stated, "2") == Decimal("-0.0001")
    assert [taker_rate(stated, unknown) for unknown in ("", "9")] == [Decimal("0.0035")] * 2
    assert taker_rate(answer(""), "1") is None


def test_a_reading_is_kept_once_and_a_change_beside_it(database):
    first = answer(groups=[("1", "-0.001"), ("2", "-0.0002")])
    for hours in (0, 1):
        assert record_fees(database, Account(first), LISTED, NOW + hours * HOUR) == ""
    rows = database.rows("select pair, read_at, last_read_at from trading.account_fees order by pair")
    assert [(row["pair"], row["read_at"], row["last_read_at"]) for row in rows] == [
        ("BTC-USDT", NOW, NOW + HOUR), ("USDC-USDT", NOW, NOW + HOUR),
    ]  # fmt: skip
    record_fees(
        database, Account(answer(groups=[("1", "-0.0035"), ("2", "-0.0002")])), LISTED, NOW + 5 * HOUR
    )
    assert current_fees(database) == {"BTC-USDT": 0.0035, "USDC-USDT": 0.0002}
    assert database.scalar("select count(*) from trading.account_fees") == 3
    assert dearest_fee(database) == 0.0035
    assert "0.020 % to 0.350 %" in fee_words(database).replace("0.020 to", "0.020 % to")


def test_what_cannot_be_read_is_said_and_leaves_what_was_known(database):
    assert "never read: 0.10 % a side is assumed" in fee_words(database)
    assert "busy" in record_fees(database, Account(None), LISTED, NOW)
    assert record_fees(database, Account(answer("")), LISTED, NOW) == "no fee for BTC-USDT, USDC-USDT"
    assert current_fees(database) == {}
    record_fees(database, Account(answer("-0.002")), LISTED, NOW)
    record_fees(database, Account(None), LISTED, NOW + HOUR)
    assert current_fees(database)["BTC-USDT"] == 0.002


def test_a_signal_has_the_fee_that_was_known_when_its_hour_closed(database):
    for hours, rate in ((0, "-0.0035"), (10, "-0.001")):
        record_fees(database, Account(answer(rate)), LISTED[:1], NOW + hours * HOUR)
    hours = pd.DatetimeIndex([NOW - 50 * HOUR, NOW + 8 * HOUR, NOW + 9 * HOUR]).as_unit("us")
    rows = pd.DataFrame({"pair": "BTC-USDT", "timestamp_utc": hours})
    other = rows.assign(pair="ETH-USDT")
    found = with_fees(database, pd.concat([rows, other], ignore_index=True))["taker_fee_rate"]
    assert found.tolist()[:3] == [0.0035, 0.0035, 0.001]
    assert found[3:].isna().all()


def test_without_any_reading_the_fee_is_unknown_not_cheap(database):
    rows = pd.DataFrame({"pair": ["BTC-USDT"], "timestamp_utc": pd.DatetimeIndex([NOW]).as_unit("us")})
    assert np.isnan(with_fees(database, rows)["taker_fee_rate"].iloc[0])
    assert dearest_fee(database) == pytest.approx(0.001)
