"""Every fault of the simulator's admin port, and what our client makes of it; docs/exchange.md has the table."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from okx_services.ingest.candle_fetch import CandleFetch
from okx_services.ingest.gap_repair import repair_gaps
from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import KINDS
from okx_simulator.protocol.clock import ExchangeClock, fixed
from okx_simulator.server.serve import serve_in_thread
from okx_simulator.tape.synthetic import SyntheticTape
from resources.market.candle_store import CandleStore
from resources.market.gap_ledger import GapLedger
from resources.okx.client import OkxClient
from resources.okx.errors import OrderRejected, PermanentError, TransientError, UnknownOutcomeError
from resources.okx.http.transport import ClientHooks
from resources.simulator.admin import SimulatorAdmin
from resources.stores import SIMULATED_CREDENTIALS

PAIRS = ("BTC-USDT", "ETH-USDT", "ATOM-USDT")
NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIMEOUT, PATIENCE = 0.6, 20.0
DOCS = Path(__file__).parents[2] / "docs" / "exchange.md"


@pytest.fixture(scope="module")
def tape() -> SyntheticTape:
    return SyntheticTape(PAIRS)


class Served:
    """An exchange with a fault script, and our client of it, whose pauses are counted instead of slept."""

    def __init__(self, exchange: Exchange, base_url: str, admin_url: str) -> None:
        self.exchange, self.admin = exchange, SimulatorAdmin(admin_url)
        self.base_url = base_url
        self.pauses: list[float] = []
        self.client = self._client(PATIENCE)

    def _client(self, timeout: float) -> OkxClient:
        client = OkxClient(
            self.base_url,
            SIMULATED_CREDENTIALS,
            simulated_trading=False,
            rate_limits=False,
            timeout_seconds=timeout,
            hooks=ClientHooks(sleep=self.pauses.append),
        )
        client.server_time()
        return client

    def arm(self, kind: str, **rule: object) -> None:
        """Script a fault. Only where an answer never comes does the client wait shortly: on a busy machine others
        take their time."""
        if kind == "accept_then_timeout":
            self.client.close()
            self.client = self._client(TIMEOUT)
        self.admin.add_faults({"kind": kind, **rule})

    def fired(self) -> int:
        return sum(rule["fired"] for rule in self.admin.faults())

    def set_clock(self, now: datetime) -> None:
        self.admin.set_fixed(now)
        self.client.server_time()

    def buy(self, name: str = "a1") -> str:
        return self.client.place_market_order("BTC-USDT", "buy", Decimal("0.001"), name).order_id


@pytest.fixture
def served(tape: SyntheticTape) -> Iterator[Served]:
    exchange = Exchange(tape, ExchangeClock(fixed(int(NOW.timestamp() * 1000))), rate_limits=False)
    with serve_in_thread(exchange) as addresses:
        served = Served(exchange, addresses.base_url, addresses.admin_url)
        yield served
        served.client.close()
    exchange.close()


BRIEF = [
    ("accept_then_timeout", {"seconds": 2.0}),
    ("rate_limited", {}),
    ("rate_limited", {"status": 200}),
    ("busy", {}),
    ("system_error", {}),
    ("unavailable", {}),
    ("html_body", {}),
    ("html_body", {"status": 429}),
    ("truncated_body", {}),
    ("dropped_socket", {}),
    ("slow", {"seconds": 0.2}),
]


class TestRequests:
    @pytest.mark.parametrize(("kind", "rule"), BRIEF)
    def test_a_read_is_repeated_until_it_succeeds(self, served: Served, kind: str, rule: dict) -> None:
        served.arm(kind, path="/market/tickers", count=2, **rule)
        assert {ticker.inst_id for ticker in served.client.tickers()} == set(PAIRS)
        assert served.fired() == (1 if kind == "slow" else 2)
        assert len(served.pauses) == (0 if kind == "slow" else 2)

    @pytest.mark.parametrize(("kind", "rule"), [row for row in BRIEF if row[0] != "slow"])
    def test_a_read_that_keeps_failing_names_the_call(self, served: Served, kind: str, rule: dict) -> None:
        served.arm(kind, path="/market/tickers", **rule)
        with pytest.raises(TransientError, match="OKX GET /market/tickers: "):
            served.client.tickers()
        assert served.fired() == 5

    def test_a_skewed_clock_is_measured_and_the_call_sent_once_more(self, served: Served) -> None:
        served.arm("clock_skew", path="/account/*", count=1)
        assert served.client.balance().total_equity_usd == Decimal(10_000)
        served.arm("clock_skew", path="/account/*")
        with pytest.raises(PermanentError, match=r"50102 .*synchronise it"):
            served.client.balance()


class TestOrders:
    @pytest.mark.parametrize(
        ("kind", "rule"), [row for row in BRIEF if row[0] not in ("rate_limited", "slow")]
    )
    def test_an_unknown_outcome_is_never_sent_again_and_can_be_looked_up(
        self, served: Served, kind: str, rule: dict
    ) -> None:
        served.arm(kind, path="/trade/order", method="POST", **rule)
        with pytest.raises(UnknownOutcomeError):
            served.buy()
        assert served.fired() == 1
        served.admin.clear_faults()
        found = served.client.order("BTC-USDT", "a1")
        assert (found is not None) == (kind in ("accept_then_timeout", "truncated_body"))
        assert len(served.client.fills("BTC-USDT")) == (1 if found else 0)

    @pytest.mark.parametrize("status", [429, 200])
    def test_an_order_refused_for_haste_was_not_taken_and_goes_again(
        self, served: Served, status: int
    ) -> None:
        served.arm("rate_limited", path="/trade/order", method="POST", count=2, status=status)
        served.buy()
        assert len(served.pauses) == 2
        assert min(served.pauses) >= 2.0  # the window of the limit
        assert len(served.client.fills("BTC-USDT")) == 1

    def test_an_order_with_a_skewed_clock_is_signed_again(self, served: Served) -> None:
        served.arm("clock_skew", path="/trade/order", method="POST", count=1)
        served.buy()
        assert len(served.client.fills("BTC-USDT")) == 1

    def test_a_slow_answer_is_waited_for(self, served: Served) -> None:
        served.arm("slow", path="/trade/order", method="POST", seconds=0.3)
        assert served.client.order("BTC-USDT", "a1") is None
        assert served.buy()

    def test_an_order_that_is_not_found_yet_is_found_later(self, served: Served) -> None:
        served.arm("order_hidden", seconds=30)
        order_id = served.buy()
        assert served.client.order("BTC-USDT", "a1") is None
        served.set_clock(NOW + timedelta(seconds=31))
        found = served.client.order("BTC-USDT", "a1")
        assert found is not None
        assert found.order_id == order_id

    def test_a_suspended_pair_is_not_live_and_takes_no_orders(self, served: Served) -> None:
        served.arm("suspended", instId="BTC-USDT")
        states = {item.inst_id: item.state for item in served.client.instruments()}
        assert states["BTC-USDT"] == "suspend"
        with pytest.raises(OrderRejected):
            served.buy()

    def test_a_delisted_pair_is_gone_everywhere(self, served: Served) -> None:
        served.arm("delisted", instId="BTC-USDT")
        assert {item.inst_id for item in served.client.instruments()} == {"ETH-USDT", "ATOM-USDT"}
        with pytest.raises(PermanentError, match="51001"):
            served.buy()


class TestCandles:
    """What the ingestion makes of bars that come late, differ, are missing or are not final."""

    newest = NOW.replace(minute=0) - HOUR

    def fetch(self, served: Served, candles: CandleStore, hours: int = 40) -> None:
        end = NOW.replace(minute=0)
        CandleFetch(candles, served.client, "okx").run(PAIRS, end - hours * HOUR, end)
        GapLedger(candles).notice(PAIRS, end - hours * HOUR, end, served.client.now())

    def states(self, candles: CandleStore) -> list[tuple[str, datetime, str]]:
        rows = candles.database.rows("select pair, timestamp_utc, state from market.candle_gaps")
        return [(row["pair"], row["timestamp_utc"], row["state"]) for row in rows]

    @pytest.mark.parametrize(
        ("kind", "rule"), [("late_candle", {"seconds": 1500}), ("unconfirmed", {"seconds": 1500})]
    )
    def test_a_bar_that_is_late_or_not_final_is_missing_until_it_is(
        self, served: Served, database, kind: str, rule: dict
    ) -> None:
        store = CandleStore(database)
        served.arm(kind, instId="BTC-USDT", **rule)
        self.fetch(served, store)
        assert self.states(store) == [("BTC-USDT", self.newest, "open")]
        served.set_clock(NOW + timedelta(minutes=6))
        report = repair_gaps(store, served.client, "okx")
        assert report.found == [("BTC-USDT", self.newest)]
        assert self.states(store) == [("BTC-USDT", self.newest, "refetched")]

    def test_a_bar_that_never_comes_is_lost_with_its_evidence(self, served: Served, database) -> None:
        store = CandleStore(database)
        bar = NOW.replace(minute=0) - 30 * HOUR
        served.arm("missing_candle", instId="BTC-USDT", bar=f"{bar:%Y-%m-%dT%H:%M:%SZ}")
        self.fetch(served, store)
        repair_gaps(store, served.client, "okx")
        assert self.states(store) == [("BTC-USDT", bar, "lost")]
        evidence = database.scalar("select evidence from market.candle_gaps")
        assert evidence == "the exchange has public trades in its time, but no bar; asked 2 times"

    def test_a_revised_bar_is_replaced_and_both_versions_are_kept(self, served: Served, database) -> None:
        store = CandleStore(database)
        bar = NOW.replace(minute=0) - 5 * HOUR
        until = NOW + timedelta(minutes=1)
        served.arm(
            "revised_candle", instId="ETH-USDT", bar=f"{bar:%Y-%m-%dT%H:%M:%SZ}", factor=1.01,
            until=f"{until:%Y-%m-%dT%H:%M:%SZ}",
        )  # fmt: skip
        self.fetch(served, store)
        served.set_clock(NOW + timedelta(minutes=2))
        end = NOW.replace(minute=0)
        report = CandleFetch(store, served.client, "okx").run(PAIRS, end - 40 * HOUR, end)
        assert report.revised_keys().to_dict("records")[0]["pair"] == "ETH-USDT"
        old = database.rows("select close, revision from market.candle_revisions")
        new = database.rows("select close, revision from market.candles_1h where revision > 0")
        assert old[0]["close"] == pytest.approx(new[0]["close"] * 1.01)
        assert (old[0]["revision"], new[0]["revision"]) == (0, 1)


def test_every_fault_has_a_row_in_the_docs_and_a_test_that_exists() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| `([\w/.]+)` \|$", DOCS.read_text(encoding="utf-8"), re.M)
    assert [kind for kind, _ in rows] == list(KINDS)
    root = DOCS.parents[1]
    for kind, test in rows:
        assert kind in (root / test).read_text(encoding="utf-8"), f"{test} does not mention {kind}"
