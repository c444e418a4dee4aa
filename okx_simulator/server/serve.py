"""Serving an exchange on two loopback ports: the exchange itself and its admin port."""

import asyncio
import contextlib
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from okx_core.errors import OkxSignalError
from okx_simulator.exchange import Exchange
from okx_simulator.protocol.errors import ApiError
from okx_simulator.server.admin import create_admin_app
from okx_simulator.server.app import create_app

LOOPBACK = "127.0.0.1"
MAX_FRAME_BYTES = 65_536
LOOK_EVERY_SECONDS = 1.0
TICK_SECONDS = 0.1
TICKS_A_DAY = 864_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Addresses:
    """Base URLs without a trailing slash."""

    base_url: str
    admin_url: str


class _Connection(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """An HTTP connection whose requests know their transport, so that a fault can cut it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.app_state: dict[str, object] = {**self.app_state, "transport": transport}


class _QuietServer(uvicorn.Server):
    """A server that leaves the process's signals alone; whoever starts it decides about them."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._wake: Callable[[], object] = lambda: None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """Ask the server to finish, at once instead of at its next tick; safe from any thread."""
        self.should_exit = True
        with contextlib.suppress(RuntimeError):  # its loop has ended
            self._wake()

    async def main_loop(self) -> None:
        """Do what uvicorn does ten times a second, until `stop`."""
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(stopping.set)
        ticks = 0
        while not await self.on_tick(ticks):
            ticks = (ticks + 1) % TICKS_A_DAY
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), TICK_SECONDS)


def listen(port: int, option: str, host: str = LOOPBACK) -> socket.socket:
    """A listening socket; port 0 takes any free one. A taken port is named with the option that sets it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Without it, the second half of every answer waits 40 ms for the acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise OkxSignalError(
            f"port {port} on {host} cannot be used ({error.strerror}); "
            f"stop what listens there or choose another {option}"
        ) from error
    return listener


class ExchangeServer:
    """Both HTTP servers of one exchange in one event loop."""

    def __init__(self, exchange: Exchange, port: int = 0, admin_port: int = 0, host: str = LOOPBACK) -> None:
        self._exchange = exchange
        self._listeners: list[socket.socket] = []
        try:
            self._listeners.append(listen(port, "--port", host))
            self._listeners.append(listen(admin_port, "--admin-port"))
        except OkxSignalError:
            self._close_listeners()
            raise
        apps = (create_app(exchange), create_admin_app(exchange))
        self._servers = [
            _QuietServer(
                uvicorn.Config(
                    app,
                    http=_Connection,
                    ws_max_size=MAX_FRAME_BYTES,
                    ws_ping_interval=None,  # OKX leaves it to the client to keep a connection alive
                    lifespan="off",
                    log_level="warning",
                    access_log=False,
                    timeout_graceful_shutdown=2,
                )
            )
            for app in apps
        ]
        exchange_port, bound_admin = (listener.getsockname()[1] for listener in self._listeners)
        self.addresses = Addresses(f"http://{host}:{exchange_port}", f"http://{LOOPBACK}:{bound_admin}")

    def stop(self) -> None:
        """Ask both servers to finish; safe from any thread."""
        for server in self._servers:
            server.stop()

    async def serve(self) -> None:
        """Serve until stopped. If one server ends, the other one is stopped too."""
        tasks = [
            asyncio.create_task(server.serve(sockets=[listener]))
            for server, listener in zip(self._servers, self._listeners, strict=True)
        ]
        looking = asyncio.create_task(self._look())
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.stop()
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await asyncio.gather(*tasks)
            self._close_listeners()

    async def _look(self) -> None:
        """On a relay nothing is known of the time between two looks, so there is one every second."""
        while self._exchange.relay is not None:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                self._exchange.order_service.settle()
            except ApiError as error:
                log.warning("resting orders were not looked at: %s", error)

    def run_until_signalled(self, on_start: Callable[[Addresses], None]) -> None:
        """Serve in this process until SIGINT or SIGTERM."""

        async def run() -> None:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.stop)
            on_start(self.addresses)
            await self.serve()

        asyncio.run(run())

    def _close_listeners(self) -> None:
        for listener in self._listeners:
            listener.close()


@contextlib.contextmanager
def serve_in_thread(exchange: Exchange, port: int = 0, admin_port: int = 0) -> Iterator[Addresses]:
    """Serve `exchange` from a thread while the block runs; the exchange itself stays open after it."""
    server = ExchangeServer(exchange, port, admin_port)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), name="okx-simulator", daemon=True)
    thread.start()
    try:
        yield server.addresses
    finally:
        server.stop()
        thread.join(timeout=10)
