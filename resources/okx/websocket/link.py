"""One connection: login, subscriptions and their answers, keep-alive, book sequences, and why it ended."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from resources.okx.errors import OkxError, PermanentError, TransientError
from resources.okx.http.signing import Credentials
from resources.okx.websocket.messages import (
    FROM_WHERE,
    PING,
    PONG,
    Acknowledged,
    LoggedIn,
    Notice,
    Push,
    Refused,
    Subscription,
    login_request,
    parse_message,
    requests,
)
from resources.okx.websocket.pacing import RequestBudget, StreamHooks
from resources.okx.websocket.pushes import BookSequences

SERVICE_ENDS = "64008"
SEQUENCED = ("books", "books-l2-tbt", "books50-l2-tbt")
LOGIN_CODES = frozenset({"60004", "60005", "60006", "60007", "60009", "60011", "60024", "60032"})


@dataclass(frozen=True)
class Patience:
    """Seconds: of silence before a ping, for its answer, and for the answers to requests."""

    quiet: float = 18.0
    pong: float = 8.0
    answer: float = 10.0


class Link:
    """Talks on an open socket. Pushes go to `deliver`, in order; `listen` runs until the connection ends."""

    def __init__(
        self,
        socket: ClientConnection,
        deliver: Callable[[Push], Awaitable[None]],
        hooks: StreamHooks,
        patience: Patience,
    ) -> None:
        self._socket = socket
        self._deliver = deliver
        self._patience = patience
        self._budget = RequestBudget(hooks)
        self._books = BookSequences()
        self._logged_in: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting: set[Subscription] = set()
        self._rejections = 0
        self._answered = asyncio.Event()
        self.ending = asyncio.Event()
        self.gaps = 0

    async def login(self, credentials: Credentials, now_ms: int) -> None:
        """Log in; PermanentError when OKX refuses the key."""
        await self._send(login_request(credentials, now_ms))
        async with asyncio.timeout(self._patience.answer):
            await self._logged_in

    async def subscribe(self, wanted: Iterable[Subscription]) -> set[Subscription]:
        """Subscribe and wait until every arg is answered; the ones that OKX refused."""
        self._waiting, self._rejections = set(wanted), 0
        self._answered.clear()
        for frame in requests("subscribe", sorted(self._waiting, key=repr)):
            await self._send(frame)
        if self._waiting:
            async with asyncio.timeout(self._patience.answer):
                await self._answered.wait()
        return set(self._waiting)

    async def unsubscribe(self, unwanted: Iterable[Subscription]) -> None:
        for frame in requests("unsubscribe", unwanted):
            await self._send(frame)

    async def close(self) -> None:
        await self._socket.close()

    async def _send(self, frame: str) -> None:
        await self._budget.spend()
        await self._socket.send(frame)

    async def listen(self) -> None:
        """Handle what comes until the connection ends: TransientError says how, PermanentError for a bad key."""
        try:
            while True:
                await self._handle(await self._next_frame())
        except ConnectionClosed as closed:
            said = f"{closed.rcvd.code} {closed.rcvd.reason}" if closed.rcvd else "no closing frame"
            raise TransientError(FROM_WHERE, f"connection closed ({said})") from None
        finally:
            if not self._logged_in.done():
                self._logged_in.cancel()

    async def _next_frame(self) -> str:
        """The next frame; after a while of silence OKX is asked whether it is still there."""
        frame = await self._within(self._patience.quiet)
        if frame is None:
            await self._socket.send(PING)
            frame = await self._within(self._patience.pong)
        if frame is None:
            raise TransientError(FROM_WHERE, f"no answer to a ping within {self._patience.pong:g} s")
        return frame

    async def _within(self, seconds: float) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                frame = await self._socket.recv()
        except TimeoutError:
            return None
        return frame if isinstance(frame, str) else frame.decode()

    async def _handle(self, frame: str) -> None:
        if frame == PONG:
            return
        message = parse_message(frame)
        if isinstance(message, Push):
            await self._pass_on(message)
        elif isinstance(message, LoggedIn):
            self._logged_in.set_result(None)
        elif isinstance(message, Acknowledged):
            self._waiting.discard(message.subscription)
            self._count_answer(0)
        elif isinstance(message, Refused):
            self._refused(message)
        elif isinstance(message, Notice) and message.code == SERVICE_ENDS:
            self.ending.set()

    def _refused(self, message: Refused) -> None:
        error: OkxError = PermanentError(FROM_WHERE, message.reason, message.code)
        if message.code in LOGIN_CODES:
            if not self._logged_in.done():
                self._logged_in.set_exception(error)
                return
            raise error
        self._count_answer(1)

    def _count_answer(self, rejections: int) -> None:
        self._rejections += rejections
        if len(self._waiting) <= self._rejections:
            self._answered.set()

    async def _pass_on(self, push: Push) -> None:
        """Deliver a push; a hole in a book's sequence causes a new subscription instead."""
        if push.subscription.channel in SEQUENCED:
            if push.action != "snapshot" and self._books.awaits_snapshot(push.subscription.inst_id):
                return
            if not self._books.follows(push):
                self.gaps += 1
                await self.unsubscribe([push.subscription])
                for frame in requests("subscribe", [push.subscription]):
                    await self._send(frame)
                return
        await self._deliver(push)
