from collections.abc import Callable

import pytest
import requests

Signed = Callable[..., requests.Response]


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"OK-ACCESS-KEY": ""}, "50103"),
        ({"OK-ACCESS-PASSPHRASE": ""}, "50104"),
        ({"OK-ACCESS-PASSPHRASE": "wrong"}, "50105"),
        ({"OK-ACCESS-SIGN": ""}, "50106"),
        ({"OK-ACCESS-TIMESTAMP": ""}, "50107"),
        ({"OK-ACCESS-KEY": "unknown"}, "50111"),
        ({"OK-ACCESS-SIGN": "bm90IGl0"}, "50113"),
        ({"OK-ACCESS-SIGN": "not base64!"}, "50113"),
    ],
)
def test_a_bad_header_is_answered_with_its_own_code_and_no_data(
    signed: Signed, headers: dict[str, str], code: str
) -> None:
    response = signed("GET", "/account/balance", headers=headers)
    assert response.status_code == 401
    assert response.json()["code"] == code
    assert "data" not in response.json()


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        ("2023-06-01T12:19:29.999Z", "50102"),
        ("2023-06-01T12:20:30.001Z", "50102"),
        ("yesterday", "50112"),
        ("1685622000", "50112"),
    ],
)
def test_the_signing_clock_may_be_off_by_thirty_seconds(signed: Signed, timestamp: str, code: str) -> None:
    assert signed("GET", "/account/balance", timestamp=timestamp).json()["code"] == code


@pytest.mark.parametrize("timestamp", ["2023-06-01T12:19:30.000Z", "2023-06-01T12:20:30.000Z"])
def test_a_clock_off_by_less_is_accepted(signed: Signed, timestamp: str) -> None:
    assert signed("GET", "/account/balance", timestamp=timestamp).json()["code"] == "0"


def test_the_signature_covers_query_and_body(signed: Signed) -> None:
    assert signed("GET", "/trade/fills", {"instId": "BTC-USDT", "limit": "5"}).json()["code"] == "0"
    assert signed("GET", "/account/balance", secret="wrong").json()["code"] == "50113"


@pytest.mark.parametrize("query", ["ccy=BTC,USDT", "ccy=BTC%2CUSDT", "ccy=BTC%2CUSDT&"])
def test_the_query_is_signed_exactly_as_it_is_sent(signed: Signed, query: str) -> None:
    assert signed("GET", f"/account/balance?{query}").json()["code"] == "0"
