"""The market of the relay: what orders are matched against is what OKX shows."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from okx_core.market.instruments import Instrument
from okx_simulator.market.prices import Level, PriceFeed
from okx_simulator.protocol.clock import HOUR_MS, ExchangeClock
from okx_simulator.relay.upstream import Upstream
from okx_simulator.tape.bars import Bars
from okx_simulator.tape.hour_path import flat_path
from okx_simulator.tape.tape_paths import Stretch

NO_BARS = Bars(np.empty(0, np.int64), *(np.empty(0) for _ in range(6)))
BOOK_LEVELS = 400


class RelayTape:
    """There is no tape: the pairs are those OKX lists, and their bars are asked for when they are wanted."""

    start_hour = 0
    end_hour: int | None = None
    seed, comovement = 0, 0.0

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    @property
    def pairs(self) -> tuple[str, ...]:
        rows = self._upstream.rows("/public/instruments", {"instType": "SPOT"})
        return tuple(row["instId"] for row in rows if row.get("instId") and row.get("tickSz"))

    def bars(self, pair: str, end_hour: int) -> Bars:  # noqa: ARG002 - nothing is recorded
        return NO_BARS

    def walked_share(self, pair: str) -> float:  # noqa: ARG002 - no bars, no wicks
        return 1.0

    def last_hour(self, pair: str) -> int | None:  # noqa: ARG002 - endless
        return None

    def describe(self) -> dict[str, object]:
        return {"tape": "relay", "relayed_from": self._upstream.base_url}


class RelayPriceFeed(PriceFeed):
    """Spot pairs at OKX's prices of now; nothing is known of any other time."""

    def __init__(self, upstream: Upstream, clock: ExchangeClock) -> None:
        super().__init__(RelayTape(upstream), clock)
        self._upstream = upstream

    def at(self, moment_ms: int) -> "RelayPriceFeed":  # noqa: ARG002 - there is only now
        return self

    def _row(self, path: str, **parameters: str) -> dict[str, Any]:
        row: dict[str, Any] = self._upstream.rows(path, parameters)[0]
        return row

    def price(self, pair: str) -> Decimal:
        """The last price; the middle of the book where none was paid yet."""
        ticker = self._row("/market/ticker", instId=pair)
        if ticker.get("last"):
            return Decimal(ticker["last"])
        return (Decimal(ticker["askPx"]) + Decimal(ticker["bidPx"])) / 2

    def mid(self, pair: str) -> float:
        return float(self.price(pair))

    def levels(self, pair: str, side: str, count: int) -> list[Level]:
        book = self._row("/market/books", instId=pair, sz=str(BOOK_LEVELS))
        rows = book["asks" if side == "ask" else "bids"][:count]
        return [(Decimal(row[0]), Decimal(row[1])) for row in rows]

    def stretch(self, pair: str, from_ms: int, to_ms: int) -> Stretch:  # noqa: ARG002 - only now is known
        """The price of now as a flat bar: what lay between two looks has not been seen."""
        price = np.array([self.mid(pair)])
        nothing = np.zeros(1)
        bar = Bars(np.array([to_ms // HOUR_MS]), price, price, price, price, nothing, nothing)
        return Stretch(bar, lambda bar: flat_path(float(bar.close[0])))

    def listed(self, swaps: bool = False) -> list[str]:
        return [] if swaps else list(self.tape.pairs)

    def is_known(self, inst_id: str) -> bool:
        return inst_id in self.tape.pairs

    def is_listed(self, pair: str) -> bool:
        return self.is_known(pair) and self.listing(pair).is_live

    def has_ended(self, inst_id: str) -> bool:  # noqa: ARG002 - what OKX no longer lists is not known here
        return False

    def listing(self, pair: str) -> Instrument:
        rows = self._upstream.rows("/public/instruments", {"instType": "SPOT"})
        row = next(row for row in rows if row.get("instId") == pair)
        listed = row.get("listTime")
        return Instrument(
            pair,
            row["baseCcy"],
            row["quoteCcy"],
            Decimal(row["tickSz"]),
            Decimal(row["lotSz"]),
            Decimal(row["minSz"]),
            datetime.fromtimestamp(int(listed) / 1000, UTC) if listed else None,
            row["state"],
        )
