"""The universe of a day holds what was known as the day began."""

from datetime import UTC, datetime, timedelta

from okx_core.market.universe import UniverseFilter
from okx_services.ingest.universe import observe
from okx_simulator.faults.rules import parse_rules
from okx_simulator.tape.synthetic import SyntheticTape

NOW = datetime(2023, 6, 1, 12, 20, tzinfo=UTC)
TODAY = NOW.replace(hour=0, minute=0)
DAY = timedelta(days=1)
RULES = UniverseFilter("USDT", 0.0, min_age_days=30, max_spread_bps=1_000)


def observed(client, start: datetime, end: datetime) -> dict[tuple[str, int], dict[str, object]]:
    rows = observe(client, start, end, RULES, {"ETH-USDT": {"enabled": False, "risk_multiplier": 0.5}})
    return {(str(row["pair"]), (row["day"] - start.date()).days): row for row in rows}


def test_a_suspension_counts_from_the_day_it_is_seen(serve) -> None:
    with serve(SyntheticTape(("BTC-USDT", "ETH-USDT")), NOW) as (exchange, client):
        exchange.faults.add(parse_rules({"kind": "suspended", "instId": "BTC-USDT"}))
        days = observed(client, TODAY - 2 * DAY, TODAY + DAY)
    assert [days["BTC-USDT", day]["state"] for day in range(3)] == ["live", "live", "suspend"]
    assert [days["BTC-USDT", day]["enabled"] for day in range(3)] == [True, True, False]
    assert days["BTC-USDT", 2]["reason"] == "state suspend"
    assert [days["ETH-USDT", day]["enabled"] for day in range(3)] == [True, True, False]
    assert days["ETH-USDT", 2]["risk_multiplier"] == 0.5


def test_a_delisted_pair_has_no_row_any_more(serve) -> None:
    with serve(SyntheticTape(("BTC-USDT", "ETH-USDT")), NOW) as (exchange, client):
        exchange.faults.add(parse_rules({"kind": "delisted", "instId": "BTC-USDT"}))
        days = observed(client, TODAY, TODAY + DAY)
    assert [pair for pair, _ in days] == ["ETH-USDT"]


def test_a_spread_is_of_now_and_an_age_of_the_day(serve) -> None:
    tape = SyntheticTape(("BTC-USDT",))
    listed = datetime.fromtimestamp(tape.start_hour * 3600, UTC)
    with serve(tape, listed + 40 * DAY) as (_, client):
        days = observed(client, listed + 28 * DAY, listed + 41 * DAY)
    young = [day for day in range(13) if "fewer than 30" in str(days["BTC-USDT", day]["reason"])]
    assert young == [0, 1]
    assert [days["BTC-USDT", day]["spread_bps"] is None for day in (0, 11, 12)] == [True, True, False]
