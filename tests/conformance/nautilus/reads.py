"""Read a simulator with nautilus_trader's OKX adapter; ends with an error when it refuses or misses anything.

Runs in an environment of its own (`make nautilus`): nautilus_trader needs other versions than the product.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from nautilus_trader.core import nautilus_pyo3 as nautilus  # type: ignore[import-not-found]

KEYS = ("simulated-key", "simulated-secret", "simulated-passphrase")
ACCOUNT = nautilus.AccountId("OKX-master")
OKX = nautilus.okx


async def read(base_url: str, keys: tuple[str, str, str]) -> None:
    client = OKX.OKXHttpClient(*keys, base_url=base_url)
    now = await client.http_get_server_time()
    instruments = []
    for kind in (OKX.OKXInstrumentType.SPOT, OKX.OKXInstrumentType.SWAP):
        found = await client.request_instruments(kind)
        instruments += found
        print(f"{kind}: {len(found)} instruments, {', '.join(str(one.id) for one in found)}")
    for instrument in instruments:
        client.add_instrument(instrument)
    balances = await client.http_get_balance()
    print(f"balance: {len(balances)} accounts")
    state = await client.request_account_state(ACCOUNT)
    print(f"account state: {[str(one) for one in state.balances]}")
    counts = {"balances": len(state.balances)}
    for name, request in (("orders", "order_status"), ("fills", "fill"), ("positions", "position_status")):
        reports = []
        for kind in (OKX.OKXInstrumentType.SPOT, OKX.OKXInstrumentType.SWAP):
            if name != "positions" or kind == OKX.OKXInstrumentType.SWAP:
                reports += await getattr(client, f"request_{request}_reports")(ACCOUNT, kind)
        counts[name] = len(reports)
        print(f"{name}: {len(reports)}; the first: {reports[0] if reports else 'none'}")
    end = datetime.fromtimestamp(int(now) / 1000, UTC)
    for step, length in (("1-MINUTE", 1), ("5-MINUTE", 5), ("1-HOUR", 60), ("1-DAY", 1440)):
        bar_type = nautilus.BarType.from_str(f"ETH-USDT.OKX-{step}-LAST-EXTERNAL")
        bars = await client.request_bars(bar_type, end - timedelta(minutes=50 * length), end, 50)
        counts[f"bars {step}"] = len(bars)
        print(f"bars {step}: {len(bars)}, the newest {bars[-1]}")
    trades = await client.request_trades(nautilus.InstrumentId.from_str("ETH-USDT.OKX"), None, None, 100)
    counts["trades"] = len(trades)
    print(f"mark {await client.request_mark_price(nautilus.InstrumentId.from_str('ETH-USDT-SWAP.OKX'))}")
    print(f"read: {len(instruments)} instruments, {counts}")
    missing = [name for name, count in {"instruments": len(instruments), **counts}.items() if not count]
    if missing:
        sys.exit(f"nothing was read of: {', '.join(missing)}")


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], KEYS))
