"""A WebSocket client that sends and receives JSON, on an exchange whose clock is moved by hand."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from okx_simulator.exchange import Exchange
from okx_simulator.protocol.credentials import SIMULATED_KEY, SIMULATED_PASSPHRASE, SIMULATED_SECRET
from okx_simulator.server.serve import Addresses

SECONDS = 5.0


def login_arg(now_ms: int, **changed: object) -> dict[str, Any]:
    """The fields of a login request, signed; `changed` overrides what is sent, not what is signed."""
    stamp = str(now_ms // 1000)
    text = f"{changed.get('timestamp', stamp)}GET/users/self/verify"
    digest = hmac.new(SIMULATED_SECRET.encode(), text.encode(), hashlib.sha256).digest()
    sent = {"apiKey": SIMULATED_KEY, "passphrase": SIMULATED_PASSPHRASE, "timestamp": stamp}
    return {**sent, "sign": base64.b64encode(digest).decode(), **changed}


class Client:
    """One connection."""

    def __init__(self, socket: ClientConnection, exchange: Exchange) -> None:
        self.socket = socket
        self._exchange = exchange

    async def send(self, op: str, *args: object, **more: object) -> None:
        await self.socket.send(json.dumps({"op": op, "args": args, **more}))

    async def receive(self, seconds: float = SECONDS) -> dict[str, Any]:
        return json.loads(await asyncio.wait_for(self.socket.recv(), seconds))

    async def ask(self, op: str, *args: object, **more: object) -> dict[str, Any]:
        await self.send(op, *args, **more)
        return await self.receive()

    async def subscribe(self, channel: str, **arg: object) -> None:
        answer = await self.ask("subscribe", {"channel": channel, **arg})
        assert answer["event"] == "subscribe", answer

    async def login(self) -> None:
        answer = await self.ask("login", login_arg(self._exchange.clock.now_ms()))
        assert [answer["event"], answer["code"]] == ["login", "0"], answer

    async def quiet(self, seconds: float = 0.3) -> None:
        """Nothing comes for a while."""
        with pytest.raises(TimeoutError):
            await self.receive(seconds)


Connect = Callable[[str], Any]


@pytest.fixture
def open_socket(addresses: Addresses, exchange: Exchange) -> Connect:
    """A client of one path, for `async with`."""

    @asynccontextmanager
    async def opened(path: str) -> AsyncIterator[Client]:
        url = addresses.base_url.replace("http://", "ws://") + f"/ws/v5/{path}"
        async with connect(url, proxy=None) as socket:
            yield Client(socket, exchange)

    return opened


@pytest.fixture
def play() -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a scene to its end, bounded in time."""

    def run(scene: Coroutine[Any, Any, None]) -> None:
        asyncio.run(asyncio.wait_for(scene, 30))

    return run
