"""`python -m benchmarks.payloads FOLDER`: what our rows make of payloads collected elsewhere, by kind of file.

FOLDER holds INDEX.csv (file, kind, endpoint) and the payloads: answers with their envelope, bare rows,
`{method, path, response}`, or the messages of a socket, one object per line or a list of `{dir, msg}`.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.payloads.readings import Outcome, Reading, read_answer, read_frame, read_rows
from resources.okx.rows.account import CoinBalance
from resources.okx.rows.orders import AttachedAlgo, Fill, OrderResult
from resources.okx.rows.row import Row

ENDPOINT = re.compile(r"(GET|POST) (?:[a-z]+ )?/api/v5(/[\w/-]+)")
# Some files name their endpoint by nothing but their own name.
NAMED = {
    "http_cancel_algo_order": "POST /trade/cancel-algos",
    "http_get_account_balance": "GET /account/balance",
    "http_get_candlesticks": "GET /market/candles",
    "http_get_index_price": "GET /market/index-tickers",
    "http_get_instruments": "GET /public/instruments",
    "http_get_mark_price": "GET /public/mark-price",
    "http_get_order_book": "GET /market/books",
    "http_get_orders_algo_history": "GET /trade/orders-algo-history",
    "http_get_orders_algo_pending": "GET /trade/orders-algo-pending",
    "http_get_orders_pending": "GET /trade/orders-pending",
    "http_get_position_tiers": "GET /public/position-tiers",
    "http_get_positions": "GET /account/positions",
    "http_get_trade_fee": "GET /account/trade-fee",
    "http_get_trades": "GET /market/trades",
    "http_place_algo_order": "POST /trade/order-algo",
    "http_set_position_mode": "POST /account/set-position-mode",
    "account_get-fee-rates": "GET /account/trade-fee",
    "account_get-instruments": "GET /account/instruments",
    "public_get-funding-rate-history": "GET /public/funding-rate-history",
    "public_get-instruments": "GET /public/instruments",
    "trade_event-order-details": "GET /trade/order",
    "trade_rest-amend-order": "POST /trade/amend-order",
    "trade_rest-place-order": "POST /trade/order",
}
BARE: dict[str, type[Row]] = {
    "http_balance_detail": CoinBalance,
    "http_place_order_response": OrderResult,
    "http_transaction_detail": Fill,
    "algo_attached-algo": AttachedAlgo,
    "trade_attached-algo": AttachedAlgo,
}


@dataclass(frozen=True)
class FileReading:
    """The outcome of a file: the worst of its messages that concern us."""

    name: str
    kind: str
    readings: tuple[Reading, ...]

    @property
    def outcome(self) -> Outcome:
        found = {reading.outcome for reading in self.readings}
        order = (Outcome.CHANGED, Outcome.REFUSED, Outcome.TYPED, Outcome.UNUSED)
        if found == {Outcome.TYPED, Outcome.UNUSED} and not any(item.rows for item in self.readings):
            return Outcome.UNUSED  # the socket's own events around a channel that is not used
        return next(outcome for outcome in order if outcome in found)


def _starting(name: str, table: dict[str, Any]) -> Any:
    return next((value for start, value in table.items() if name.startswith(start)), None)


def _messages(body: Iterable[Any]) -> Iterator[Reading]:
    """The frames of a socket that came from the exchange."""
    for item in body:
        message = item.get("msg", item) if isinstance(item, dict) and "dir" in item else item
        if not isinstance(item, dict) or item.get("dir") != "sent":
            yield read_frame(message)


def _is_frame(body: Any) -> bool:
    return isinstance(body, dict) and ("op" in body or "arg" in body or "event" in body)


def read_file(path: Path, stated: str) -> tuple[Reading, ...]:
    """The outcome of typing one file; `stated` is its endpoint in the index."""
    text = path.read_text("utf-8")
    if path.suffix == ".jsonl":
        return tuple(_messages(json.loads(line) for line in text.splitlines() if line))
    body = json.loads(text)
    bare = _starting(path.stem, BARE)
    if bare is not None:
        return (read_rows(path.stem, bare, body if isinstance(body, list) else [body]),)
    if isinstance(body, list) and body and isinstance(body[0], dict) and "dir" in body[0]:
        return tuple(_messages(body))
    if _is_frame(body):
        return (read_frame(body),)
    if isinstance(body, dict) and "response" in body:
        endpoint = f"{body['method']} {body['path'].removeprefix('/api/v5')}"
        return (read_answer(endpoint, body["response"]),)
    match = ENDPOINT.search(stated)
    endpoint = f"{match[1]} {match[2]}" if match else _starting(path.stem, NAMED) or path.stem
    return (read_answer(endpoint, body),)


def read_folder(folder: Path) -> list[FileReading]:
    """Every file that the folder's index lists."""
    with (folder / "INDEX.csv").open(newline="", encoding="utf-8") as index:
        listed = [(row["file"], row["kind"], row["endpoint"]) for row in csv.DictReader(index)]
    return [FileReading(name, kind, read_file(folder / name, stated)) for name, kind, stated in listed]


def print_table(found: list[FileReading], console: Console) -> None:
    """How many files of each kind ended how, then every refusal, then the keys that no field declares."""
    table = Table("kind of file", *(outcome.value for outcome in Outcome), "files", "rows typed")
    kinds = sorted({item.kind for item in found})
    for kind in [*kinds, "all"]:
        chosen = [item for item in found if kind in ("all", item.kind)]
        counts = Counter(item.outcome for item in chosen)
        typed = sum(
            reading.rows for item in chosen for reading in item.readings if reading.outcome is Outcome.TYPED
        )
        table.add_row(kind, *(str(counts[outcome]) for outcome in Outcome), str(len(chosen)), str(typed))
    console.print(table)
    for outcome in (Outcome.CHANGED, Outcome.REFUSED):
        for item in found:
            for reading in item.readings:
                if reading.outcome is outcome:
                    console.print(f"{outcome.value}: {item.name}: {reading.reason}", soft_wrap=True)
    undeclared: dict[str, set[str]] = {}
    for item in found:
        for reading in item.readings:
            undeclared.setdefault(reading.subject, set()).update(reading.undeclared)
    for subject, keys in sorted(undeclared.items()):
        if keys:
            console.print(f"kept without a type: {subject}: {', '.join(sorted(keys))}", soft_wrap=True)
    unused = sorted(
        {item.subject for file in found for item in file.readings if item.outcome is Outcome.UNUSED}
    )
    console.print(f"endpoints and channels not used ({len(unused)}): {', '.join(unused)}", soft_wrap=True)
