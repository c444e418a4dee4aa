"""Algo orders of every kind against the simulated exchange."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import pytest

from resources.okx.client import OkxClient
from resources.okx.errors import (
    OrderRejected,
)
from resources.okx.rows.requests import AT_MARKET, AlgoName, NewAlgo
from tests.resources.okx.conftest import SPOT

NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
Answering = Callable[..., None]


class Faulty(Protocol):
    seen: list[str]
    headers: list[dict[str, str]]


class TestAlgoOrders:
    @pytest.mark.parametrize(
        ("order_type", "fields"),
        [
            ("conditional", {"tp_trigger_price": Decimal(900_000), "tp_order_price": AT_MARKET}),
            (
                "oco",
                {
                    "tp_trigger_price": Decimal(900_000), "tp_order_price": AT_MARKET,
                    "sl_trigger_price": Decimal(1000), "sl_order_price": Decimal(990),
                },
            ),
            ("trigger", {"trigger_price": Decimal(1000), "order_price": AT_MARKET}),
            ("move_order_stop", {"callback_ratio": Decimal("0.05")}),
        ],
    )  # fmt: skip
    def test_every_type_waits_until_it_is_cancelled(
        self, swap_client: OkxClient, order_type: str, fields: dict[str, Decimal]
    ) -> None:
        name = order_type.replace("_", "")
        algo = NewAlgo(
            inst_id=SPOT, side="sell", order_type=order_type, trade_mode="cash", size=Decimal("0.01"),
            client_algo_id=name, **fields,
        )  # fmt: skip
        swap_client.place_algo(algo)
        record = swap_client.algo_order(client_algo_id=name)
        assert record is not None
        assert record.is_waiting
        assert [item.algo_id for item in swap_client.algos_pending([order_type])] == [record.algo_id]
        names = [AlgoName(inst_id=SPOT, client_algo_id=item) for item in (name, "never")]
        assert [item.is_accepted for item in swap_client.cancel_algos(names)] == [True, False]
        ended = swap_client.algos_history("canceled", [order_type], begin=NOW - HOUR, end=NOW)
        assert [item.algo_id for item in ended] == [record.algo_id]
        assert swap_client.algos_history("canceled", [order_type], end=NOW - HOUR) == []

    def test_one_that_is_refused_says_why(self, swap_client: OkxClient) -> None:
        wrong = NewAlgo(
            inst_id=SPOT, side="sell", order_type="conditional", trade_mode="cash", size=Decimal("0.01"),
            sl_trigger_price=Decimal(900_000), sl_order_price=AT_MARKET,
        )  # fmt: skip
        with pytest.raises(OrderRejected, match="trigger price"):
            swap_client.place_algo(wrong)

    def test_an_unknown_one_is_none(self, swap_client: OkxClient) -> None:
        assert swap_client.algo_order(client_algo_id="never") is None
