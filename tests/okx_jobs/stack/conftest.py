"""The simulated exchange that the feed's tests use."""

from tests.okx_services.ingest.conftest import exchange, tape

__all__ = ["exchange", "tape"]
