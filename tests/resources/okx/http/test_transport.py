import json
import socket
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import pytest

from okx_core.errors import OkxSignalError
from resources.okx.client import OkxClient
from resources.okx.errors import (
    OkxError,
    OrderRejected,
    ParsingError,
    PermanentError,
    RateLimited,
    TransientError,
    UnknownOutcomeError,
)
from resources.okx.http.signing import Credentials
from resources.okx.http.transport import ATTEMPTS, ClientHooks

SECRET = Credentials("key-to-hide", "secret-to-hide", "passphrase-to-hide")
HTML = b"<html><body>502 Bad Gateway</body></html>"
NO_TICKERS = b'{"code":"0","msg":"","data":[]}'
Answering = Callable[..., None]


class Faulty(Protocol):
    url: str
    seen: list[str]
    headers: list[dict[str, str]]
    times_asked: int


def error(code: str, message: str = "why") -> bytes:
    return json.dumps({"code": code, "msg": message, "data": []}).encode()


def refused(code: str) -> bytes:
    row = {"ordId": "", "clOrdId": "x", "sCode": code, "sMsg": "why"}
    return json.dumps({"code": "1", "msg": "All operations failed", "data": [row]}).encode()


def buy(client: OkxClient) -> str:
    return client.place_market_order("BTC-USDT", "buy", Decimal("0.5"), "x").order_id


@pytest.mark.parametrize(
    "failure",
    [
        (502, HTML),
        (503, error("50001")),
        (429, error("50013")),
        (200, error("50026")),
        (500, b""),
        (200, b'{"code":"0","da'),
        (200, HTML),
        (403, HTML),
        (429, HTML),
        None,
    ],
)
def test_a_read_survives_one_bad_moment(
    client: OkxClient, answering: Answering, pauses: list[float], failure: tuple[int, bytes] | None
) -> None:
    answering(failure, (200, NO_TICKERS))
    assert client.tickers() == []
    assert len(pauses) == 1


def test_a_read_gives_up_after_some_attempts_with_growing_pauses(
    client: OkxClient, answering: Answering, faulty: Faulty, pauses: list[float]
) -> None:
    answering((502, HTML))
    with pytest.raises(TransientError, match="HTTP 502 with an unreadable body"):
        client.tickers()
    assert len(faulty.seen) == ATTEMPTS
    assert pauses == sorted(pauses)
    assert len(pauses) == ATTEMPTS - 1


def test_a_rate_limited_read_waits_for_the_window(
    client: OkxClient, answering: Answering, pauses: list[float]
) -> None:
    answering((429, error("50011")), (200, NO_TICKERS))
    assert client.tickers() == []
    assert pauses[0] >= 2.0


@pytest.mark.parametrize(
    "answer",
    [(401, b'{"msg":"Invalid OK-ACCESS-KEY","code":"50111"}'), (400, error("51000")), (404, b'{"code":404}')],
)
def test_a_permanent_refusal_is_not_repeated(
    client: OkxClient, answering: Answering, faulty: Faulty, answer: tuple[int, bytes]
) -> None:
    answering(answer)
    with pytest.raises(PermanentError):
        client.tickers()
    assert len(faulty.seen) == 1


@pytest.mark.parametrize(
    "body", [b'{"code":"0","msg":"","data":{}}', b'{"code":"0","msg":""}', b'{"code":"0","data":[1]}']
)
def test_an_answer_of_the_wrong_shape_is_named(client: OkxClient, answering: Answering, body: bytes) -> None:
    answering((200, body))
    with pytest.raises(ParsingError, match="expected"):
        client.tickers()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        (502, HTML),
        (500, error("50026")),
        (503, error("50001")),
        (400, error("50004")),
        (500, error("51149")),
        (200, refused("51149")),
        (500, error("59999")),
        (200, HTML),
        (200, b'{"code":"0","data":[{"ord'),
        (200, b'{"code":"0","msg":"","data":[]}'),
        (200, b'{"code":"1","msg":"All operations failed","data":[]}'),
        (429, HTML),
    ],
)
def test_an_order_without_a_clear_answer_is_unknown_and_sent_once(
    client: OkxClient, answering: Answering, faulty: Faulty, answer: tuple[int, bytes] | None
) -> None:
    answering(answer)
    with pytest.raises(UnknownOutcomeError):
        buy(client)
    assert len(faulty.seen) == 1


def test_an_order_that_times_out_is_unknown() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        client = OkxClient(url, SECRET, rate_limits=False, timeout_seconds=0.2)
        client._transport.offset_ms = 0
        with pytest.raises(UnknownOutcomeError, match=r"no answer within 0\.2 s after the order was sent"):
            buy(client)
        client.close()


def test_an_order_that_never_left_is_only_transient() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    client = OkxClient(url, SECRET, rate_limits=False)
    client._transport.offset_ms = 0
    with pytest.raises(TransientError, match="cannot connect"):
        buy(client)


@pytest.mark.parametrize("answer", [(200, refused("51008")), (200, error("51001")), (400, error("51000"))])
def test_a_refused_order_says_why_and_is_not_repeated(
    client: OkxClient, answering: Answering, faulty: Faulty, answer: tuple[int, bytes]
) -> None:
    answering(answer)
    with pytest.raises(OrderRejected) as rejected:
        buy(client)
    assert rejected.value.s_code in ("51008", "51001", "51000")
    assert len(faulty.seen) == 1


def test_a_bad_key_is_no_rejection_of_the_order(client: OkxClient, answering: Answering) -> None:
    answering((401, b'{"msg":"Invalid Sign","code":"50113"}'))
    with pytest.raises(PermanentError) as failed:
        buy(client)
    assert not isinstance(failed.value, OrderRejected)


def test_an_order_refused_for_haste_was_not_taken_and_is_sent_again(
    client: OkxClient, answering: Answering, faulty: Faulty, pauses: list[float]
) -> None:
    taken = b'{"code":"0","msg":"","data":[{"ordId":"7","clOrdId":"x","sCode":"0","sMsg":"","ts":"1"}]}'
    answering((429, error("50011")), (200, refused("50061")), (200, taken))
    assert buy(client) == "7"
    assert len(faulty.seen) == 3
    assert all(pause >= 2.0 for pause in pauses)


def test_haste_without_end_is_reported_as_such(client: OkxClient, answering: Answering) -> None:
    answering((429, error("50011")))
    with pytest.raises(RateLimited):
        buy(client)


def test_a_clock_that_is_off_is_set_once_and_the_call_repeated(
    client: OkxClient, answering: Answering, faulty: Faulty
) -> None:
    skewed = (401, b'{"msg":"Timestamp request expired","code":"50102"}')
    balance = b'{"code":"0","data":[{"totalEq":"1","uTime":"1","details":[]}]}'
    answering(skewed, (200, balance))
    assert client.balance().details == ()
    assert faulty.times_asked == 2
    answering(skewed)
    with pytest.raises(PermanentError, match="50102"):
        client.balance()


def test_demo_trading_is_a_header(faulty: Faulty, answering: Answering) -> None:
    answering((200, NO_TICKERS))
    for simulated, expected in ((True, "1"), (False, None)):
        client = OkxClient(faulty.url, simulated_trading=simulated, rate_limits=False)
        client.tickers()
        client.close()
        assert faulty.headers[-1].get("x-simulated-trading") == expected


def test_private_calls_need_a_key(faulty: Faulty) -> None:
    client = OkxClient(faulty.url, rate_limits=False)
    with pytest.raises(PermanentError, match="needs an API key"):
        client.balance()
    assert faulty.seen == []


@pytest.mark.parametrize("url", ["http://www.okx.com", "www.okx.com", "ftp://okx.com", ""])
def test_keys_never_travel_in_the_clear(url: str) -> None:
    with pytest.raises(OkxSignalError, match="OKX address"):
        OkxClient(url, SECRET)


def test_secrets_show_in_no_repr_and_no_error(
    client: OkxClient, answering: Answering, faulty: Faulty
) -> None:
    said = [repr(SECRET), repr(client), str(client._transport.__dict__["_credentials"])]
    for answer in (None, (502, HTML), (401, error("50113")), (200, refused("51008"))):
        answering(answer)
        for call in (client.balance, lambda: buy(client)):
            with pytest.raises(OkxError) as failed:
                call()
            said += [str(failed.value), repr(failed.value), repr(failed.value.__cause__)]
    assert faulty.headers[-1]["OK-ACCESS-KEY"] == "key-to-hide"
    assert not [text for text in said if "to-hide" in text]


def test_threads_share_a_client(client: OkxClient, answering: Answering, faulty: Faulty) -> None:
    answering((200, NO_TICKERS))
    threads = [threading.Thread(target=client.tickers) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(faulty.seen) == 4


def test_exchange_time_is_measured_against_the_middle_of_the_request(faulty: Faulty) -> None:
    walls = iter([1_000, 1_200, 5_000])
    client = OkxClient(faulty.url, rate_limits=False, hooks=ClientHooks(wall_ms=lambda: next(walls)))
    assert client.server_time().timestamp() == 1_700_000_000
    assert client.now().timestamp() == pytest.approx(1_700_000_003.9)
    client.close()


def test_the_wall_clock_is_the_default() -> None:
    assert abs(ClientHooks().wall_ms() - time.time() * 1000) < 1000
