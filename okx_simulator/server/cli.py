"""`okxsignal simulator`: a local exchange from the command line. Heavy imports wait until it starts."""

import argparse
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from okx_core.errors import OkxSignalError
from okx_simulator.protocol.clock import CLOCK_SYNTAX, HOUR_MS, ExchangeClock, iso_to_ms, parse_clock
from okx_simulator.protocol.credentials import account_key_from
from okx_simulator.tape.synthetic_parameters import DEFAULT_PAIRS, pair_names

if TYPE_CHECKING:
    from okx_simulator.server.serve import Addresses
    from okx_simulator.tape.bars import Tape

DEFAULT_PORT = 8800
DEFAULT_ADMIN_PORT = 8801
OPENING_USDT = "10000"
RELAY = "relay"
OKX_URL = "https://openapi.okx.com"
TEACHING = """\
examples:
  okxsignal simulator                                       twelve synthetic pairs, now
  okxsignal simulator --clock accelerated:2023-01-01T00:00:00Z:3600     an hour every second
  okxsignal simulator --tape candles.parquet --clock fixed:2023-06-01T12:00:00Z
  okxsignal simulator --tape relay                          OKX's live prices, orders filled here

any OKX client works with the base URL alone, for example with ccxt:
  okx = ccxt.okx({"apiKey": "simulated-key", "secret": "simulated-secret",
                  "password": "simulated-passphrase"})
  okx.urls["api"] = {"rest": "http://127.0.0.1:8800", "ws": "ws://127.0.0.1:8800/ws/v5"}

the admin port moves the clock and scripts faults:
  curl 127.0.0.1:8801/admin/state
  curl 127.0.0.1:8801/admin/clock  -d '{"mode": "step", "by_seconds": 3600}'
  curl 127.0.0.1:8801/admin/faults -d '{"kind": "busy", "path": "/trade/*", "count": 2}'
  curl 127.0.0.1:8801/admin/faults -X DELETE

The account key is fixed and public; set OKX_SIMULATOR_KEY, OKX_SIMULATOR_SECRET and
OKX_SIMULATOR_PASSPHRASE to use another. `python -m okx_simulator` is the same command."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="okxsignal simulator",
        description="A local exchange that serves OKX API v5. It holds no real money.",
        epilog=TEACHING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address of the exchange port (default loopback)")
    add("--port", type=int, default=DEFAULT_PORT, help="exchange port, 0 for any free one")
    add("--admin-port", type=int, default=DEFAULT_ADMIN_PORT, help="clock, faults and state, loopback only")
    add("--home", type=Path, default=Path(".okxsignal/exchange"), help="folder of the account")
    add(
        "--tape",
        default="synthetic",
        help="'synthetic', a Parquet file of hourly candles, or 'relay[:URL]' for OKX's live public data",
    )
    add("--seed", type=int, default=7, help="seed of the synthetic tape")
    add("--strength", type=float, default=1.0, help="planted predictable part, 0 for none")
    add("--pairs", help="pairs such as BTC-USDT,ETH-USDT, or a number of synthetic pairs")
    add("--from", dest="start", help="first hour of the tape, ISO-8601")
    add("--to", dest="end", help="first hour no longer on the tape, ISO-8601")
    add("--clock", default="real", help=CLOCK_SYNTAX)
    add("--balance", default=OPENING_USDT, help="USDT a new account starts with")
    add("--no-rate-limits", action="store_true", help="let every request pass")
    return parser


def chosen_pairs(text: str | None) -> tuple[str, ...] | None:
    """Pairs of the --pairs option: None without it, the first n synthetic ones for a number."""
    if text is None:
        return None
    if text.isdigit() and int(text) > 0:
        return pair_names(int(text))
    pairs = tuple(name.strip() for name in text.split(",") if name.strip())
    if not pairs:
        raise OkxSignalError(f"--pairs {text!r} names no pair; write it like BTC-USDT,ETH-USDT")
    repeated = sorted({pair for pair in pairs if pairs.count(pair) > 1})
    if repeated:
        raise OkxSignalError(f"--pairs names {repeated[0]} twice; name it once")
    return pairs


def build_tape(
    tape: str = "synthetic", pairs: tuple[str, ...] | None = None, start: str | None = None, end: str | None = None,
    seed: int = 7, strength: float = 1.0,
) -> "Tape":  # fmt: skip
    """The tape that the command line describes; `start` and `end` are ISO-8601, `end` exclusive."""
    from okx_simulator.tape.recorded import RecordedTape
    from okx_simulator.tape.synthetic import SyntheticTape
    from okx_simulator.tape.synthetic_paths import EPOCH_HOUR

    start_ms = None if start is None else iso_to_ms(start, "--from")
    end_ms = None if end is None else iso_to_ms(end, "--to")
    if start_ms is not None and end_ms is not None and start_ms >= end_ms:
        raise OkxSignalError(f"--from {start} is not before --to {end}; swap them")
    if tape != "synthetic":
        return RecordedTape(Path(tape), pairs, start_ms, end_ms)
    if not 0.0 <= strength <= 3.0:
        raise OkxSignalError(f"--strength {strength} is outside 0 to 3; 1 is the documented edge, 0 is none")
    first = EPOCH_HOUR if start_ms is None else -(-start_ms // HOUR_MS)
    last = None if end_ms is None else -(-end_ms // HOUR_MS)
    if last is not None and last <= EPOCH_HOUR:
        raise OkxSignalError(f"--to {end} is before the synthetic tape begins on 2020-01-01")
    return SyntheticTape(pairs or DEFAULT_PAIRS, seed, strength, first, last)


def _opening(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise OkxSignalError(f"--balance {text!r} is not an amount; write it like 10000") from error
    if not amount.is_finite() or amount < 0:
        raise OkxSignalError(f"--balance {text} must be zero or more")
    return amount


def _relay_url(options: argparse.Namespace) -> str:
    """Whose public data are relayed; a relay runs in real time, so it takes no clock and no stretch of time."""
    if options.clock != "real" or options.start is not None or options.end is not None:
        raise OkxSignalError("--tape relay plays live prices: leave --clock, --from and --to out")
    url: str = options.tape.removeprefix(RELAY).removeprefix(":")
    return url or OKX_URL


def _announce(addresses: "Addresses") -> None:
    print(f"exchange {addresses.base_url}  admin {addresses.admin_url}", flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; 2 and one line on stderr when it cannot start."""
    options = _parser().parse_args(arguments)
    from okx_simulator.exchange import AccountSettings, Exchange
    from okx_simulator.server.serve import ExchangeServer

    try:
        account = AccountSettings(key=account_key_from(), opening_usdt=_opening(options.balance))
        limited = not options.no_rate_limits
        if options.tape.startswith(RELAY):
            from okx_simulator.server.relay_exchange import relay_exchange

            exchange = relay_exchange(_relay_url(options), options.home, account, limited)
        else:
            clock = ExchangeClock(parse_clock(options.clock))
            tape = build_tape(
                options.tape,
                chosen_pairs(options.pairs),
                options.start,
                options.end,
                options.seed,
                options.strength,
            )
            exchange = Exchange(tape, clock, options.home, account, limited)
        try:
            server = ExchangeServer(exchange, options.port, options.admin_port, options.host)
            server.run_until_signalled(_announce)
        finally:
            exchange.close()
    except OkxSignalError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
