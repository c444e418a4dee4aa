"""One connection: its subscriptions, its pushes, and why it is closed."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from starlette.websockets import WebSocket, WebSocketDisconnect

from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import FaultRule
from okx_simulator.ledger.events import Event
from okx_simulator.protocol.calls import Payload
from okx_simulator.protocol.connections import Connections
from okx_simulator.protocol.errors import ApiError
from okx_simulator.websocket import frames
from okx_simulator.websocket.channels import CHANNELS, PRIVATE, open_feed
from okx_simulator.websocket.feeds import Feed, Tick
from okx_simulator.websocket.frames import ClientFrame, FrameError
from okx_simulator.websocket.login import check_login
from okx_simulator.websocket.order_operations import OPERATIONS, fault_of, rejection_reply, reply

Key = tuple[tuple[str, str], ...]
LOGIN_FAILED, IDLE, TOO_SLOW, GOING_AWAY = 4001, 4004, 4005, 1001
HOUR_SECONDS = 3600.0
CARRIED_OUT = ("slow", "accept_then_timeout", "truncated_body")
UID = "1000000000000001"


class CloseError(Exception):
    """The exchange closes the connection with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class CutError(Exception):
    """The connection ends without a word."""


class Session:
    """A client on one path of the exchange. Everything it is sent goes through `outbox`."""

    def __init__(self, exchange: Exchange, websocket: WebSocket, path: str, connections: Connections) -> None:
        self.exchange = exchange
        self.websocket = websocket
        self.path = path
        self.connections = connections
        self.connection_id = connections.new_id()
        self.limits = exchange.websocket_limits
        self.logged_in = False
        self.feeds: dict[Key, tuple[dict[str, str], Feed]] = {}
        self.outbox: asyncio.Queue[str] = asyncio.Queue(self.limits.outbox_frames)
        self.events: deque[Event] = deque()
        self.told_at = time.monotonic()
        self.requests: deque[float] = deque()
        self.held: str | None = None
        self.notice_ends: float | None = None

    async def run(self) -> None:
        """Serve until the client leaves or the exchange has a reason to close."""
        unsubscribe = self.exchange.events.subscribe(self.events.append)
        tasks = [asyncio.create_task(part()) for part in (self._read, self._tell, self._write)]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            unsubscribe()
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            self.connections.leave(self)
        await self._end([outcome for outcome in outcomes if isinstance(outcome, Exception)])

    async def _end(self, reasons: list[Exception]) -> None:
        """Close as the first reason says; a peer that does not read is cut off."""
        for reason in reasons:
            if isinstance(reason, CutError):
                self._cut()
                return
            if isinstance(reason, CloseError):
                try:
                    await asyncio.wait_for(self._close(reason), self.limits.close_seconds)
                except TimeoutError:
                    self._cut()
                return
            if not isinstance(reason, WebSocketDisconnect):
                raise reason

    async def _close(self, reason: CloseError) -> None:
        while reason.code != TOO_SLOW and not self.outbox.empty():
            await self.websocket.send_text(self.outbox.get_nowait())
        await self.websocket.close(reason.code, str(reason))

    def _cut(self) -> None:
        transport: asyncio.Transport = self.websocket.state.transport
        transport.abort()

    def send(self, payload: Payload) -> None:
        self._put(frames.as_text(payload))

    def _put(self, text: str) -> None:
        try:
            self.outbox.put_nowait(text)
        except asyncio.QueueFull:
            raise CloseError(TOO_SLOW, "Connection buffer is full") from None
        self.told_at = time.monotonic()

    async def _write(self) -> None:
        while True:
            await self.websocket.send_text(await self.outbox.get())

    async def _read(self) -> None:
        while True:
            message = await self.websocket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            text = message.get("text") or ""
            if text == "ping":
                self._put("pong")
                continue
            request = ClientFrame("", ())
            try:
                request = frames.parse_frame(text)
                await self._answer(request)
            except FrameError as error:
                self.send(frames.error_event(error, self.connection_id, request.request_id))
                if request.op == "login":
                    raise CloseError(LOGIN_FAILED, "Login failed") from error

    async def _answer(self, request: ClientFrame) -> None:
        if request.op in ("login", "subscribe", "unsubscribe"):
            self._count_request()
        if request.op == "login":
            check_login(request.args[0], self.exchange.account.key, self.exchange.clock.now_ms())
            self.logged_in = True
            self.send(frames.event("login", self.connection_id, request.request_id, code="0", msg=""))
        elif request.op == "subscribe":
            for arg in request.args:
                self._one_by_one(request, self._subscribe, frames.text_arg(arg))
        elif request.op == "unsubscribe":
            for arg in request.args:
                self._one_by_one(request, self._unsubscribe, frames.text_arg(arg))
        elif request.op in OPERATIONS and self.path == PRIVATE:
            await self._operate(request)
        else:
            raise frames.malformed(f'{{"op": "{request.op}"}}')

    def _count_request(self) -> None:
        """480 subscriptions, their ends and logins an hour."""
        now = time.monotonic()
        while self.requests and self.requests[0] <= now - HOUR_SECONDS:
            self.requests.popleft()
        if len(self.requests) >= self.limits.requests_per_hour:
            raise FrameError("60014")
        self.requests.append(now)

    def _one_by_one(
        self, request: ClientFrame, act: Callable[[ClientFrame, dict[str, str]], None], arg: dict[str, str]
    ) -> None:
        """One arg that fails does not stop the next."""
        try:
            act(request, arg)
        except FrameError as error:
            self.send(frames.error_event(error, self.connection_id, request.request_id))

    def _subscribe(self, request: ClientFrame, arg: dict[str, str]) -> None:
        feed = open_feed(self.exchange, arg, self.path, self.logged_in)
        private = CHANNELS[arg["channel"]].private
        most = self.limits.channel_connections
        if private and not self.connections.join(self, arg["channel"], most):
            self._count_event("channel-conn-count-error", arg["channel"])
            return
        self.send(frames.event("subscribe", self.connection_id, request.request_id, arg=arg))
        if private:
            self._count_event("channel-conn-count", arg["channel"])
        self.feeds[tuple(sorted(arg.items()))] = ({**arg, "uid": UID} if private else arg, feed)

    def _count_event(self, name: str, channel: str) -> None:
        count = str(self.connections.count(channel))
        self.send(frames.event(name, self.connection_id, channel=channel, connCount=count))

    def _unsubscribe(self, request: ClientFrame, arg: dict[str, str]) -> None:
        self.feeds.pop(tuple(sorted(arg.items())), None)
        if not any(sent["channel"] == arg.get("channel") for sent, _ in self.feeds.values()):
            self.connections.leave(self, arg.get("channel", ""))
        self.send(frames.event("unsubscribe", self.connection_id, request.request_id, arg=arg))

    async def _operate(self, request: ClientFrame) -> None:
        if not self.logged_in:
            raise FrameError("60011")
        if not request.request_id:
            raise frames.malformed(f"{request.op} needs an id")
        rule = fault_of(self.exchange, request)
        if rule is not None:
            await self._operate_badly(request, rule)
        else:
            self.send(reply(self.exchange, request))

    async def _operate_badly(self, request: ClientFrame, rule: FaultRule) -> None:
        """An operation that a rule strikes: rejected, delayed, or left without a response."""
        refused = rejection_reply(request, rule)
        if refused is not None:
            self.send(refused)
            return
        if rule.kind not in CARRIED_OUT:
            raise CutError
        answer = reply(self.exchange, request)
        await asyncio.sleep(rule.wait_seconds)
        if rule.kind != "slow":
            raise CutError
        self.send(answer)

    async def _tell(self) -> None:
        """Look at the exchange again and again, and say what is new."""
        while True:
            now = time.monotonic()
            if self.logged_in:
                self.exchange.order_service.settle()
            events = tuple(self.events.popleft() for _ in range(len(self.events)))
            tick = Tick(self.exchange.clock.now_ms(), now, events)
            for arg, feed in tuple(self.feeds.values()):
                if not ("instId" in arg and self.exchange.faults.is_delisted(arg["instId"])):
                    for push in _due(feed, tick):
                        self._push(arg, push)
                        if self.outbox.qsize() > self.limits.outbox_frames // 2:
                            await asyncio.sleep(0)  # a jump of the clock is no fault of the reader
            if self.notice_ends is not None and now >= self.notice_ends:
                raise CloseError(GOING_AWAY, "Service upgrade")
            if now - self.told_at > self.limits.idle_seconds:
                raise CloseError(IDLE, "No data received in 30s")
            await asyncio.sleep(self.limits.look_seconds)

    def _push(self, arg: dict[str, str], push: Payload) -> None:
        text = frames.as_text({"arg": arg, **push})
        rule = self.exchange.faults.push_fault(arg["channel"], arg.get("instId", ""))
        if rule is not None:
            self._faulty_push(rule, text)
            return
        self._put(text)
        if self.held is not None:
            held, self.held = self.held, None
            self._put(held)

    def _faulty_push(self, rule: FaultRule, text: str) -> None:
        if rule.kind == "dropped_socket":
            raise CutError
        if rule.kind == "out_of_order_push" and self.held is None:
            self.held = text
            return
        if rule.kind == "lost_push":
            return
        self._put(text)
        if rule.kind == "duplicate_push":
            self._put(text)
        if rule.kind == "service_notice" and self.notice_ends is None:
            why = "The connection will soon be closed for a service upgrade. Please reconnect."
            self.send(frames.event("notice", self.connection_id, code="64008", msg=why))
            self.notice_ends = time.monotonic() + rule.wait_seconds


def _due(feed: Feed, tick: Tick) -> list[Payload]:
    """The new rows of a feed; one whose instrument is not listed any more has none."""
    try:
        return feed.due(tick)
    except ApiError:
        return []
