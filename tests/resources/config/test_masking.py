"""No secret of an address gets into a message."""

import pytest

from resources.config.masking import masked


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:to-hide@h:1/d?sslmode=require", "postgresql://u:***@h:1/d?sslmode=require"),
        ("postgresql://u:a@to-hide@h/d", "postgresql://u:***@h/d"),
        (
            "postgresql://u@/d?host=%2Frun%2Fpg&password=to-hide",
            "postgresql://u@/d?host=%2Frun%2Fpg&password=***",
        ),
        ("postgresql://u@h/d?sslpassword=to-hide&port=5", "postgresql://u@h/d?sslpassword=***&port=5"),
        (
            "s3://bucket/x?X-Amz-Signature=to-hide&token=to-hide",
            "s3://bucket/x?X-Amz-Signature=***&token=***",
        ),
        ("abfs://c@a/x?sv=1&sig=to-hide", "abfs://c@a/x?sv=***&sig=***"),
        ("https://h/hook?key=to-hide", "https://h/hook?key=***"),
        ("s3://key:to-hide@bucket/x", "s3://key:***@bucket/x"),
        ("http://h/b/x%3Ftoken%3Dto-hide/y", "http://h/b/x%3Ftoken%3D***"),
        ("/a/folder", "/a/folder"),
        ("BTC-USDT,ETH-USDT", "BTC-USDT,ETH-USDT"),
    ],
)
def test_passwords_signatures_and_tokens_are_hidden(url: str, shown: str) -> None:
    assert masked(url) == shown
