from resources.okx.http.signing import Credentials, iso_timestamp, signature, signed_headers


def test_timestamps_have_milliseconds_and_z() -> None:
    assert iso_timestamp(1_700_000_000_007) == "2023-11-14T22:13:20.007Z"


def test_a_known_request_has_a_known_signature() -> None:
    """Computed with openssl: printf %s "$ts"GET$target | openssl dgst -hmac s."""
    timestamp = "2020-12-08T09:08:57.715Z"
    target = "/api/v5/account/balance?ccy=BTC"
    assert signature("s", timestamp, "GET", target, b"") == "+PVwLKvTgvoWoyoMgxUWxMNuAks8xlEDnTJpQcIxAHU="


def test_headers_carry_everything_but_the_secret() -> None:
    headers = signed_headers(Credentials("k", "hidden", "p"), 0, "POST", "/api/v5/trade/order", b"{}")
    assert sorted(headers) == [
        "OK-ACCESS-KEY",
        "OK-ACCESS-PASSPHRASE",
        "OK-ACCESS-SIGN",
        "OK-ACCESS-TIMESTAMP",
    ]
    assert "hidden" not in str(headers)
