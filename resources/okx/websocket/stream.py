"""Subscriptions that outlive connections: it reconnects after every end and reports when it was disconnected."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from okx_core.errors import OkxSignalError
from resources.okx.errors import ParsingError, TransientError
from resources.okx.http.signing import Credentials
from resources.okx.http.transport import LOOPBACK_HOSTS
from resources.okx.websocket.link import Link, Patience
from resources.okx.websocket.messages import Push, Subscription
from resources.okx.websocket.pacing import ConnectPacer, StreamHooks, pause_after

MAX_WAITING = 10_000
MAX_FRAME_BYTES = 4 << 20
STABLE_SECONDS = 30.0
Outcome = TypeVar("Outcome")


@dataclass(frozen=True)
class Up:
    """Everything is subscribed, except what OKX refused. `gapless`: the connection before is still open."""

    refused: frozenset[Subscription] = frozenset()
    gapless: bool = False


@dataclass(frozen=True)
class Down:
    """The connection is lost, for this reason."""

    reason: str


Event = Up | Down | Push


@dataclass
class _Line:
    """A link with the task that listens on it."""

    link: Link
    listening: "asyncio.Task[None]"

    async def end(self) -> None:
        self.listening.cancel()
        await asyncio.gather(self.listening, return_exceptions=True)
        await self.link.close()


@dataclass(frozen=True)
class StreamSettings:
    """Where to connect and as whom; `now_ms` is exchange time, for the login."""

    url: str
    credentials: Credentials | None = None
    now_ms: Callable[[], int] = lambda: 0
    patience: Patience = field(default_factory=Patience)
    hooks: StreamHooks = field(default_factory=StreamHooks)


def require_address(url: str) -> str:
    """The URL, if it is a WebSocket's and encrypted unless it stays on this machine."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise OkxSignalError(f"OKX address {url!r} is no WebSocket URL; write it like wss://ws.okx.com:8443")
    if parts.scheme == "ws" and parts.hostname not in LOOPBACK_HOSTS:
        raise OkxSignalError(f"OKX address {url!r} is not encrypted; use wss")
    return url


class OkxStream:
    """A stream of OKX's pushes for the wanted subscriptions. One consumer reads `events`."""

    def __init__(
        self, settings: StreamSettings, wanted: Iterable[Subscription], pacer: ConnectPacer | None = None
    ) -> None:
        require_address(settings.url)
        self._settings = settings
        self._pacer = pacer or ConnectPacer(settings.hooks)
        self._wanted = set(wanted)
        self._events: asyncio.Queue[Event] = asyncio.Queue(MAX_WAITING)
        self._line: _Line | None = None
        self.connects = 0

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[Event]]:
        """Connect and read; everything is closed when the block ends. A refused key ends it with its error."""
        keeper = asyncio.create_task(self._keep())
        try:
            yield self._read(keeper)
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            if self._line is not None:
                await self._line.end()

    async def _read(self, keeper: "asyncio.Task[None]") -> AsyncIterator[Event]:
        while True:
            arriving = asyncio.create_task(self._events.get())
            try:
                await asyncio.wait({arriving, keeper}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not arriving.done():
                    arriving.cancel()
            if arriving.cancelling():
                await keeper
            yield await arriving

    async def want(self, wanted: Iterable[Subscription]) -> set[Subscription]:
        """Listen to these from now on; new ones are subscribed at once where there is a connection.

        Returns what OKX refused of it.
        """
        now = set(wanted)
        added, removed, self._wanted = now - self._wanted, self._wanted - now, now
        if self._line is None or self._line.listening.done():
            return set()
        with suppress(WebSocketException, TimeoutError):  # a lost connection subscribes to everything anew
            await self._line.link.unsubscribe(removed)
            return await self._line.link.subscribe(added)
        return set()

    async def _keep(self) -> None:
        """Hold a connection open; after a notice of its end the next one is opened before it goes."""
        failures, leaving = 0, None
        while True:
            await self._settings.hooks.sleep(pause_after(failures, self._settings.hooks.chance()))
            await self._pacer.wait()
            try:
                refused = await self._open()
            except (OSError, WebSocketException, TransientError, ParsingError) as error:
                failures += 1
                leaving = await self._still_connected(leaving, f"cannot connect: {error!r:.160}")
                continue
            gapless = leaving is not None and not leaving.listening.done()
            await self._events.put(Up(frozenset(refused), gapless))
            if leaving is not None:
                await leaving.end()
            began = self._settings.hooks.monotonic()
            leaving = await self._until_it_ends()
            connected_for = self._settings.hooks.monotonic() - began
            failures = 0 if leaving is not None or connected_for >= STABLE_SECONDS else failures + 1

    async def _still_connected(self, leaving: _Line | None, reason: str) -> _Line | None:
        """The old connection if it is still open; its end is reported once."""
        if leaving is None or not leaving.listening.done():
            return leaving
        await leaving.end()
        await self._events.put(Down(reason))
        return None

    async def _open(self) -> set[Subscription]:
        """A new connection, logged in and subscribed, becomes the current one."""
        settings = self._settings
        local = urlsplit(settings.url).hostname in LOOPBACK_HOSTS
        socket = await connect(
            settings.url,
            proxy=None if local else True,
            ping_interval=None,
            max_size=MAX_FRAME_BYTES,
            close_timeout=1.0,
        )
        self.connects += 1
        link = Link(socket, self._events.put, settings.hooks, settings.patience)
        line = _Line(link, asyncio.create_task(link.listen()))
        try:
            if settings.credentials is not None:
                await _unless_it_ends(line, link.login(settings.credentials, settings.now_ms()))
            asked = set(self._wanted)
            refused = await _unless_it_ends(line, link.subscribe(asked))
            while asked != self._wanted:  # somebody changed their mind meanwhile
                added, removed, asked = self._wanted - asked, asked - self._wanted, set(self._wanted)
                await link.unsubscribe(removed)
                refused |= await _unless_it_ends(line, link.subscribe(added))
        except BaseException:
            await line.end()
            raise
        self._line = line
        return refused

    async def _until_it_ends(self) -> _Line | None:
        """Wait for the end of the current connection, or for the notice of it: then it is still open."""
        line = self._line
        if line is None:
            raise AssertionError("there is a connection")
        notice = asyncio.create_task(line.link.ending.wait())
        await asyncio.wait({notice, line.listening}, return_when=asyncio.FIRST_COMPLETED)
        notice.cancel()
        if not line.listening.done():
            return line
        error = line.listening.exception()
        await line.end()
        if error is not None and not isinstance(error, TransientError | ParsingError):
            raise error
        await self._events.put(Down(str(error)))
        return None


async def _unless_it_ends(line: _Line, step: Coroutine[Any, Any, Outcome]) -> Outcome:
    """The outcome of a step, or the error with which the connection ended during it."""
    task = asyncio.create_task(step)
    await asyncio.wait({task, line.listening}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        await line.listening
    return await task
