"""Trap 3: the webserver answers mutations by GET and looks at neither Host nor Origin; the guard does."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from okx_jobs.stack.webserver_guard import LOCAL_HOSTS, LocalGuard, allowed_hosts

OWN = "127.0.0.1:3000"
MUTATION = 'mutation { launchPipelineExecution(executionParams: {selector: {jobName: "trade_hour"}}) { __typename } }'
READING = "query { runsOrError { __typename } }"


@dataclass
class Inner:
    """The application behind the guard: records whatever reaches it."""

    reached: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        self.reached.append(scope["type"])
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"inner"})


def ask(
    method: str = "GET", path: str = "/graphql", query: str = "",
    headers: dict[str, str] | list[tuple[str, str]] | None = None, kind: str = "http",
    hosts: frozenset[str] = LOCAL_HOSTS,
) -> tuple[bool, list[dict[str, Any]]]:  # fmt: skip
    """Whether the request got through, and what was sent back. Host is our own unless headers say otherwise."""
    pairs = headers.items() if isinstance(headers, dict) else headers or []
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]
    if headers is None or (isinstance(headers, dict) and "Host" not in headers):
        pairs.insert(0, (b"host", OWN.encode()))
    scope = {"type": kind, "path": path, "query_string": query.encode(), "headers": pairs}
    if kind == "http":
        scope["method"] = method
    inner, sent = Inner(), []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect" if kind == "websocket" else "http.request"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(LocalGuard(inner, hosts)(scope, receive, send))
    return bool(inner.reached), sent


def passes(**request: Any) -> bool:
    passed, sent = ask(**request)
    if not passed:
        refused = [message.get("status") or message.get("code") for message in sent]
        assert refused[0] in (403, 1008), "a refusal must be said"
    return passed


def graphql(text: str) -> str:
    return f"query={quote(text)}"


class TestMutationsByGet:
    @pytest.mark.parametrize(
        "text",
        [
            MUTATION,
            f"  \n\t{MUTATION}",
            f"# harmless\n{MUTATION}",
            f"# query {{ x }}\n# {{\n{MUTATION}",
            f"fragment f on Query {{ version }} {MUTATION}",
            f"query q {{ version }} {MUTATION}",
            f"{{ version }} {MUTATION}",
            f",,,{MUTATION}",
            f"\ufeff{MUTATION}",
            f"query q {{ a }}\r{MUTATION}",
            f"query q {{ a }} # \u2028\n{MUTATION}",
            "subscription { pipelineRunLogs }",
            MUTATION.replace("mutation {", "mutation Harmless($a: Int) {"),
            MUTATION.replace("mutation {", "mutation{"),
            "",
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    def test_they_are_refused_however_they_hide(self, method: str, text: str) -> None:
        assert not passes(method=method, query=graphql(text) if text else "query=mutation")

    def test_the_whole_word_may_be_encoded_or_repeated(self) -> None:
        encoded = "query=" + "".join(f"%{byte:02x}" for byte in MUTATION.encode())
        assert not passes(query=encoded)
        assert not passes(query=f"{graphql(READING)}&{graphql(MUTATION)}")
        assert not passes(query=f"{graphql(MUTATION)}&{graphql(READING)}")
        assert not passes(query=f"%71uery={quote(MUTATION)}")

    @pytest.mark.parametrize("path", ["/graphql", "/prefix/graphql"])
    def test_wherever_graphql_is_mounted(self, path: str) -> None:
        assert not passes(path=path, query=graphql(MUTATION))

    @pytest.mark.parametrize(
        "text", [READING, "{ version }", f"# why\n{READING}", "fragment f on Query { a } query { ...f }"]
    )
    def test_reading_passes(self, text: str) -> None:
        assert passes(query=graphql(text))

    def test_the_pages_own_mutations_come_by_post_and_pass(self) -> None:
        assert passes(method="POST", headers={"Origin": f"http://{OWN}", "Sec-Fetch-Site": "same-origin"})


class TestHosts:
    @pytest.mark.parametrize("host", [OWN, "localhost:3000", "[::1]:3000", "127.0.0.1", "localhost", "[::1]"])
    def test_this_machines_names_pass(self, host: str) -> None:
        assert passes(path="/", headers={"Host": host})

    @pytest.mark.parametrize(
        "host",
        [
            "evil.example", "evil.example:3000", "127.0.0.1.evil.example:3000", "localhost.evil.example", "",
            "127.0.0.2:3000", "0.0.0.0:3000", "evil@127.0.0.1:3000", "127.0.0.1:3000@evil.example", "[::2]:3000",
            "127.0.0.1:3000:evil.example", "xlocalhost",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("kind", ["http", "websocket"])
    def test_any_other_is_refused(self, host: str, kind: str) -> None:
        """A name that is rebound to 127.0.0.1 makes a foreign page same-origin; its Host gives it away."""
        assert not passes(path="/", kind=kind, headers={"Host": host})

    def test_no_host_and_two_hosts_are_refused(self) -> None:
        assert not passes(headers=[])
        assert not passes(headers=[("Host", OWN), ("Host", "evil.example")])
        assert not passes(headers=[("Host", "evil.example"), ("Host", OWN)])
        assert not passes(headers=[("Host", OWN), ("Host", OWN)])

    def test_hosts_the_user_lists_pass(self) -> None:
        hosts = allowed_hosts(" trading.example , box.lan,")
        assert passes(path="/", headers={"Host": "trading.example"}, hosts=hosts)
        assert passes(path="/", headers={"Host": "box.lan:3000"}, hosts=hosts)
        assert not passes(path="/", headers={"Host": "evil.example"}, hosts=hosts)
        assert allowed_hosts("") == LOCAL_HOSTS


class TestOrigins:
    FOREIGN = ("http://evil.example", "https://evil.example", "null", f"http://{OWN}.evil.example", "http://127.0.0.1:8080",
               "http://localhost:3000", "file://", "")  # fmt: skip

    @pytest.mark.parametrize("origin", FOREIGN)
    @pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
    def test_requests_of_other_pages_are_refused(self, method: str, origin: str) -> None:
        assert not passes(method=method, headers={"Origin": origin})

    @pytest.mark.parametrize("origin", FOREIGN)
    def test_websockets_of_other_pages_are_refused(self, origin: str) -> None:
        """A websocket carries mutations too and knows no preflight."""
        assert not passes(kind="websocket", headers={"Origin": origin})

    def test_the_second_of_two_origins_counts_too(self) -> None:
        headers = [("Host", OWN), ("Origin", f"http://{OWN}"), ("Origin", "http://evil.example")]
        assert not passes(method="POST", headers=headers)

    @pytest.mark.parametrize("kind", ["http", "websocket"])
    def test_the_own_page_passes(self, kind: str) -> None:
        assert passes(kind=kind, headers={"Origin": f"http://{OWN}"})

    def test_tools_without_an_origin_pass(self) -> None:
        assert passes(method="POST")

    def test_what_the_browser_calls_cross_site_is_refused_even_without_an_origin(self) -> None:
        cross = {"Sec-Fetch-Site": "cross-site"}
        assert not passes(query=graphql(READING), headers=cross)
        assert not passes(method="POST", path="/anything", headers=cross)
        assert not passes(kind="websocket", headers=cross)

    def test_a_link_from_elsewhere_may_open_the_page(self) -> None:
        assert passes(path="/assets", headers={"Sec-Fetch-Site": "cross-site"})


def test_a_refusal_says_why_in_plain_text() -> None:
    _, (start, body) = ask(headers={"Host": "evil.example"})
    assert start["status"] == 403
    assert body["body"].startswith(b"refused: host")
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()


def test_start_up_and_shutdown_messages_pass() -> None:
    assert passes(kind="lifespan")


def test_the_guard_is_the_outermost_layer_of_the_real_webserver(monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster_webserver import cli, webserver

    from okx_jobs.stack import webserver_guard

    original = webserver.DagsterWebserver.build_middleware
    monkeypatch.setattr(webserver.DagsterWebserver, "build_middleware", original)
    started = []
    monkeypatch.setattr(cli, "main", lambda: started.append(True))
    monkeypatch.setenv("OKXSIGNAL_ALLOWED_HOSTS", "box.lan")
    webserver_guard.main()
    layers = webserver.DagsterWebserver.build_middleware(object())
    assert started == [True]
    assert layers[0].cls is LocalGuard
    assert layers[0].kwargs["hosts"] == LOCAL_HOSTS | {"box.lan"}
    assert len(layers) > 1
