"""The admin port: clock, faults, state and health. It must never be reachable from another site or host."""

from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from okx_core.errors import OkxSignalError
from okx_simulator.exchange import Exchange
from okx_simulator.faults.rules import parse_rules
from okx_simulator.protocol.clock import clock_from_request

LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")


def _foreign(request: Request) -> str:
    """Why the request is refused: a host name that is not this machine's, or any browser origin."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    if host not in LOCAL_NAMES:
        return f"host {host!r} is not local; use http://127.0.0.1"
    if "origin" in request.headers:
        return "requests from web pages are not accepted"
    return ""


def create_admin_app(exchange: Exchange) -> Starlette:
    """The ASGI application of the admin port of `exchange`."""

    async def health(request: Request) -> Response:
        if refused := _foreign(request):
            return JSONResponse({"error": refused}, 403)
        return JSONResponse({"status": "ok"})

    async def state(request: Request) -> Response:
        if refused := _foreign(request):
            return JSONResponse({"error": refused}, 403)
        return JSONResponse(exchange.state())

    async def set_clock(request: Request) -> Response:
        if refused := _foreign(request):
            return JSONResponse({"error": refused}, 403)
        try:
            setting = clock_from_request(await request.json(), exchange.clock.now_ms())
        except ValueError:
            return JSONResponse({"error": "the body is not JSON"}, 400)
        except OkxSignalError as error:
            return JSONResponse({"error": str(error)}, 400)
        exchange.clock.set(setting)
        return JSONResponse(exchange.state())

    async def faults(request: Request) -> Response:
        """GET the rules with what they did, POST more of them, DELETE all."""
        if refused := _foreign(request):
            return JSONResponse({"error": refused}, 403)
        try:
            if request.method == "POST":
                exchange.faults.add(parse_rules(await request.json()))
        except ValueError:
            return JSONResponse({"error": "the body is not JSON"}, 400)
        except OkxSignalError as error:
            return JSONResponse({"error": str(error)}, 400)
        if request.method == "DELETE":
            exchange.faults.clear()
        return JSONResponse({"faults": exchange.faults.report()})

    return Starlette(
        routes=[
            Route("/health", health, methods=["GET"]),
            Route("/admin/state", state, methods=["GET"]),
            Route("/admin/clock", set_clock, methods=["POST"]),
            Route("/admin/faults", faults, methods=["GET", "POST", "DELETE"]),
        ]
    )
