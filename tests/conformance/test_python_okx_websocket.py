"""Unmodified python-okx against the simulator's WebSocket. It uses TLS only, so a TLS port is put in front.

The certificate is made for the test and trusted through SSL_CERT_FILE; nothing of it outlives the test.
"""

import asyncio
import datetime
import ipaddress
import json
import ssl
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from okx.websocket.WsPrivateAsync import WsPrivateAsync
from okx.websocket.WsPublicAsync import WsPublicAsync

from okx_simulator.exchange import Exchange
from okx_simulator.server.serve import Addresses

ATOM = "ATOM-USDT"
Scene = Callable[[str], Coroutine[Any, Any, None]]


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A self-signed certificate of 127.0.0.1 with its key, which this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(65_536):
        target.write(chunk)
        await target.drain()
    target.close()


@pytest.fixture
def play(addresses: Addresses, certificate: Path) -> Callable[[Scene], None]:
    """Run a scene with the wss:// address of a TLS port that passes everything on, bounded in time."""
    port = int(addresses.base_url.rpartition(":")[2])

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

    async def run(scene: Scene) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
        async with server:
            await asyncio.wait_for(scene(f"wss://127.0.0.1:{server.sockets[0].getsockname()[1]}"), 40)

    return lambda scene: asyncio.run(run(scene))


class Inbox:
    """What a client's callback was given, read one by one."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def __call__(self, text: str) -> None:
        self._frames.put_nowait(json.loads(text))

    async def next(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next frame that is wanted; the others are dropped."""
        while True:
            frame = await asyncio.wait_for(self._frames.get(), 10)
            if wanted(frame):
                return frame


async def _finish(client: Any, consuming: asyncio.Task[None]) -> None:
    await client.factory.close()
    await asyncio.wait([consuming], timeout=5)


def test_public_channels(play: Callable[[Scene], None]) -> None:

    async def scene(url: str) -> None:
        client, inbox = WsPublicAsync(f"{url}/ws/v5/public"), Inbox()
        await client.connect()
        consuming = asyncio.create_task(client.consume())
        args = [{"channel": channel, "instId": ATOM} for channel in ("tickers", "books5", "trades")]
        await client.subscribe(args, inbox, id="a1")
        for arg in args:
            ack = await inbox.next(lambda frame, arg=arg: frame.get("arg") == arg)
            assert [ack["event"], ack["id"]] == ["subscribe", "a1"]
        push = await inbox.next(lambda frame: "data" in frame)
        assert push["arg"]["instId"] == ATOM
        await _finish(client, consuming)

    play(scene)


def test_orders_are_placed_and_pushed_on_the_private_channel(
    play: Callable[[Scene], None], key: tuple[str, str, str], exchange: Exchange
) -> None:

    name, secret, passphrase = key

    async def scene(url: str) -> None:
        client = WsPrivateAsync(name, passphrase, secret, f"{url}/ws/v5/private")
        inbox = Inbox()
        await client.connect()
        consuming = asyncio.create_task(client.consume())
        await client.subscribe([{"channel": "orders", "instType": "ANY"}, {"channel": "account"}], inbox)
        assert (await inbox.next(lambda frame: frame.get("event") == "login"))["code"] == "0"
        await inbox.next(lambda frame: frame.get("eventType") == "snapshot")
        grid = exchange.market.listing(ATOM)
        price = str(grid.floor_price(exchange.market.levels(ATOM, "bid", 1)[0][0] * 9 / 10))
        code = 1 + exchange.tape.pairs.index(ATOM)
        order = {
            "instIdCode": code,
            "tdMode": "cash",
            "side": "buy",
            "ordType": "limit",
            "sz": "2",
            "px": price,
        }
        await client.place_order([order], id="o1")
        reply = await inbox.next(lambda frame: frame.get("op") == "order")
        assert [reply["id"], reply["code"]] == ["o1", "0"]
        named = {"instIdCode": code, "ordId": reply["data"][0]["ordId"]}
        live = await inbox.next(lambda frame: "data" in frame and frame["arg"]["channel"] == "orders")
        assert [live["data"][0]["state"], live["data"][0]["ordId"]] == ["live", named["ordId"]]
        await client.cancel_order([named], id="o2")
        gone = await inbox.next(
            lambda frame: "data" in frame and frame.get("arg", {}).get("channel") == "orders"
        )
        assert gone["data"][0]["state"] == "canceled"
        await _finish(client, consuming)

    play(scene)
