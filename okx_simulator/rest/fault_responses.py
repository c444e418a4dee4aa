"""Answers that a fault script puts in the place of the exchange's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from okx_simulator.faults.rules import FaultRule

CDN_PAGE = """<!DOCTYPE html><html><head><title>Access denied | www.okx.com used Cloudflare to restrict access
</title></head><body><h1>Sorry, you have been blocked</h1></body></html>"""
ERRORS = {
    "rate_limited": ("50011", "Requests too frequent. Please reduce the request frequency.", None),
    "busy": ("50001", "Service temporarily unavailable. Please try again later.", 503),
    "system_error": ("50026", "System error. Please try again later.", 500),
    "clock_skew": ("50102", "Timestamp request expired", 401),
}
SECONDS_TO_SEND_HALF = 0.05


def named_instruments(request: Request, body: bytes) -> tuple[str, ...]:
    """The instruments a request names, in its query or its body; none when it cannot be read."""
    query = parse_qs(request.url.query)
    if request.method == "GET":
        return tuple(query.get("instId", ()))
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return ()
    rows = parsed if isinstance(parsed, list) else [parsed]
    return tuple(str(row["instId"]) for row in rows if isinstance(row, dict) and "instId" in row)


def drop_connection(request: Request) -> Response:
    """Cut the client off; the answer returned goes nowhere."""
    request.state.transport.abort()
    return Response()


def _truncated(request: Request, whole: Response) -> Response:
    """The head of `whole` and half of its body, then the end of the connection."""
    transport: asyncio.Transport = request.state.transport

    async def half() -> AsyncIterator[bytes]:
        yield bytes(whole.body[: len(whole.body) // 2])
        transport.close()
        await asyncio.sleep(SECONDS_TO_SEND_HALF)

    headers = {"content-length": str(len(whole.body)), "content-type": "application/json"}
    return StreamingResponse(half(), whole.status_code, headers)


def _error(rule: FaultRule) -> Response:
    code, message, status = ERRORS[rule.kind]
    body: dict[str, Any] = {"code": code, "msg": message, "data": []}
    if status == 401:
        del body["data"]
    return JSONResponse(body, status or rule.http_status)


async def faulty_answer(rule: FaultRule, request: Request, carry_out: Callable[[], Response]) -> Response:
    """The response when `rule` applies to a request; `carry_out` does what was asked."""
    if rule.kind in ERRORS:
        return _error(rule)
    if rule.kind == "unavailable":
        return Response("upstream connect error or disconnect/reset before headers", 503)
    if rule.kind == "html_body":
        return Response(CDN_PAGE, rule.http_status, media_type="text/html")
    if rule.kind == "dropped_socket":
        return drop_connection(request)
    answer = carry_out()
    if rule.kind == "truncated_body":
        return _truncated(request, answer)
    await asyncio.sleep(rule.wait_seconds)
    return drop_connection(request) if rule.kind == "accept_then_timeout" else answer
