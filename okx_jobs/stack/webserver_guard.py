"""The Dagster webserver behind a guard.

The open-source webserver answers `GET /graphql?query=mutation{...}` and looks at neither Host nor Origin: a
page on any web site could launch a run, and a run can trade. The guard lets pass only requests that name
this machine and come from this page, and no mutation by GET.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:@\[\]/]+)(:\d+)?")
READ_ONLY = re.compile(r"^\s*(#[^\n]*\n\s*)*(query\b|\{|fragment\b)")
MUTATION = re.compile(r"\b(mutation|subscription)\b")


class LocalGuard:
    """ASGI middleware that refuses foreign hosts, foreign origins and mutations by GET."""

    def __init__(self, app: App, hosts: frozenset[str] = LOCAL_HOSTS) -> None:
        self.app = app
        self.hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            rejection_reason = self.rejection_reason(scope)
            if rejection_reason:
                await _refuse(scope, receive, send, rejection_reason)
                return
        await self.app(scope, receive, send)

    def rejection_reason(self, scope: Scope) -> str:
        """Why the request is refused, empty when it may pass."""
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == b"host"]
        if len(hosts) != 1 or _hostname(hosts[0]) not in self.hosts:
            return f"host {hosts} is not this machine"
        for name, value in headers:
            if name == b"origin" and urlsplit(value).netloc != hosts[0]:
                return f"origin {value} is another site"
            if name == b"sec-fetch-site" and value == "cross-site" and not _is_page(scope):
                return "the request comes from another site"
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            queries = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("query", [])
            if scope["path"].endswith("/graphql") and any(not _reads_only(query) for query in queries):
                return "GET may only read"
        return ""


def _hostname(host: str) -> str:
    """The name before the port; empty for what is no host at all."""
    found = HOST.fullmatch(host)
    return found[1] if found else ""


def _is_page(scope: Scope) -> bool:
    """A link from elsewhere may open the UI itself, which changes nothing."""
    return scope["type"] == "http" and scope["method"] == "GET" and not scope["path"].endswith("/graphql")


def _reads_only(query: str) -> bool:
    return bool(READ_ONLY.match(query)) and not MUTATION.search(query)


async def _refuse(scope: Scope, receive: Receive, send: Send, rejection_reason: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    body = f"refused: {rejection_reason}".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def allowed_hosts(extra: str) -> frozenset[str]:
    """This machine's names, and those the user lists in OKXSIGNAL_ALLOWED_HOSTS."""
    return LOCAL_HOSTS | {name.strip() for name in extra.split(",") if name.strip()}


def main() -> None:
    """Start dagster-webserver with the guard as its outermost middleware."""
    from dagster_webserver import cli, webserver
    from starlette.middleware import Middleware

    from resources.config.settings import load_settings

    hosts = allowed_hosts(load_settings(trading=False).allowed_hosts)
    build = webserver.DagsterWebserver.build_middleware

    def guarded(self: webserver.DagsterWebserver) -> list[Middleware]:
        return [Middleware(LocalGuard, hosts=hosts), *build(self)]

    webserver.DagsterWebserver.build_middleware = guarded  # type: ignore[method-assign]
    cli.main()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
