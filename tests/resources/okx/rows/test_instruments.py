"""Instruments as OKX lists them, and as the core knows them."""

import json
import logging
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from resources.okx.errors import ParsingError
from resources.okx.rows.instruments import InstrumentRow

SPOT = {
    "instType": "SPOT", "instId": "OLD-USDT", "baseCcy": "OLD", "quoteCcy": "USDT", "tickSz": "0.1", "lotSz": "0.01",
    "minSz": "1", "listTime": "1600000000000", "expTime": "", "state": "live",
}  # fmt: skip


def test_a_pair_whose_end_is_announced_knows_it() -> None:
    lasting = InstrumentRow.parse(SPOT).instrument
    ending = InstrumentRow.parse({**SPOT, "expTime": "1700000000000"}).instrument
    assert lasting is not None
    assert ending is not None
    assert lasting.delist_time is None
    assert ending.delist_time == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert (ending.tick, ending.list_time) == (Decimal("0.1"), datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC))


def test_one_that_is_only_announced_is_none_yet() -> None:
    assert (
        InstrumentRow.parse({"instType": "SPOT", "state": "preopen", "listTime": "1700000000000"}).instrument
        is None
    )


def page(*rows: object) -> tuple[int, bytes]:
    return 200, json.dumps({"code": "0", "msg": "", "data": rows}).encode()


def test_a_strange_instrument_is_named_and_does_not_stop_the_others(answering, client, caplog) -> None:
    strange = {**SPOT, "instId": "ODD-USDT", "tickSz": "a tenth"}
    answering(page(strange, SPOT))
    with caplog.at_level(logging.WARNING):
        assert [item.inst_id for item in client.instruments()] == ["OLD-USDT"]
    assert "ODD-USDT: field tickSz is 'a tenth'" in caplog.text


def test_a_list_without_a_readable_row_is_an_error(answering, client) -> None:
    answering(page({**SPOT, "minSz": "-1"}, "gibberish"))
    with pytest.raises(ParsingError, match="minSz"):
        client.instruments()
