"""Canaries: credentials that must not be seen anywhere but on the wire."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import httpx
import pytest

from ordersync.errors import BadSettings, OrderSyncError
from ordersync.testing.sandbox import Sandbox, serve
from ordersync.web import (
    Access,
    Client,
    FileTokens,
    Grant,
    MemoryTokens,
    Refreshing,
    VirtualClock,
    token_endpoint,
)

if TYPE_CHECKING:
    from werkzeug.wrappers import Request, Response

CANARY = "c4n4ry"


class Secretive:
    """Secrets in every place where platforms want them."""

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {CANARY}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return True


def seen(error: BaseException) -> str:
    """Everything that a log, a report or a debugger's first look could show of an error."""
    texts = ["".join(traceback.format_exception(error))]
    chain: list[BaseException | None] = [error]
    while chain:
        one = chain.pop()
        if one is None:
            continue
        texts += [str(one), repr(one), repr(one.args), repr(vars(one))]
        chain += [one.__cause__, one.__context__]
    return "\n".join(texts)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "ordersync"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield caplog
    told = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.get_records("call"))
    assert CANARY not in told


def secretive(transport: httpx.BaseTransport) -> Client:
    access = Access(clock=VirtualClock(), transport=transport)
    return access.client(
        f"https://shop.example/rest/{CANARY}", auth=Secretive(), headers={"X-Key": CANARY}, attempts=2
    )


def ask(client: Client, method: str) -> None:
    client.send(
        method,
        "orders",
        params={"token": CANARY},
        json={"password": CANARY},
        headers={"X-Other": CANARY},
    )


def raising(error: type[httpx.HTTPError] | type[httpx.InvalidURL]) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error(f"cannot send {request.url} {dict(request.headers)}")

    return httpx.MockTransport(answer)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ProxyError,
        httpx.ReadError,
        httpx.ReadTimeout,
        httpx.RemoteProtocolError,
        httpx.LocalProtocolError,
        httpx.DecodingError,
        httpx.TooManyRedirects,
    ],
)
def test_what_httpx_says_is_not_passed_on(
    error: type[httpx.HTTPError], method: str, logged: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(OrderSyncError) as raised:
        ask(secretive(raising(error)), method)
    assert CANARY not in seen(raised.value)
    assert CANARY not in seen(copy.copy(raised.value))
    assert CANARY not in seen(pickle.loads(pickle.dumps(raised.value)))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [200, 302, 401, 404, 422, 429, 500])
@pytest.mark.parametrize("content", [b"", b"{}", b"<html>" + CANARY.encode(), b'{"a": "' + CANARY.encode()])
def test_answers(status: int, method: str, content: bytes, logged: pytest.LogCaptureFixture) -> None:
    headers = {"set-cookie": f"session={CANARY}", "location": f"https://shop.example/?token={CANARY}"}
    client = secretive(
        httpx.MockTransport(lambda request: httpx.Response(status, content=content, headers=headers))
    )
    failed: OrderSyncError | None = None
    try:
        ask(client, method)
    except OrderSyncError as error:
        failed = error
    assert failed is None or CANARY not in seen(failed)
    assert any(record.getMessage() == f"{method} orders -> {status}" for record in logged.records)


class Shop(Sandbox):
    """Answers every request with a secret in a header."""

    platform = "shop"

    def answer(self, request: Request) -> Response:
        from werkzeug.wrappers import Response

        assert request.headers["authorization"] == f"Bearer {CANARY}"
        return Response("{}", headers={"set-cookie": f"session={CANARY}"}, content_type="application/json")


def test_the_real_network(logged: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with serve(Shop()) as served:
        with Access().client(f"{served.url}/rest/{CANARY}", auth=Secretive()) as client:
            ask(client, "GET")
            ask(client, "POST")
        quiet = len(logged.records)
        assert quiet == 2
        assert CANARY not in "".join(f"{record.getMessage()} {vars(record)}" for record in logged.records)
        httpx.get(f"{served.url}/", headers={"authorization": f"Bearer {CANARY}"}, trust_env=False)
        assert "HTTP Request" in " ".join(record.getMessage() for record in logged.records[quiet:])
        logged.clear()


@pytest.mark.parametrize(
    "value", [f"{CANARY}\n", f" {CANARY}", f"{CANARY}\r\nX: y", f"{CANARY}é", "\0" + CANARY]
)
def test_credentials_that_no_header_can_carry(value: str, logged: pytest.LogCaptureFixture) -> None:
    class Bad(Secretive):
        def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
            return {"Authorization": value}

    access = Access(transport=httpx.MockTransport(lambda request: httpx.Response(200)))
    with pytest.raises(BadSettings) as raised:
        access.client("https://shop.example", auth=Bad()).post()
    assert CANARY not in seen(raised.value)
    with pytest.raises(BadSettings) as raised:
        access.client("https://shop.example", headers={"X-Key": value})
    assert CANARY not in seen(raised.value)


def test_reprs() -> None:
    tokens = MemoryTokens()
    tokens.swap(CANARY, None, CANARY)
    access = Access(
        tokens=tokens,
        clock=VirtualClock(),
        transport=httpx.MockTransport(lambda request: httpx.Response(200, content=f'"{CANARY}"')),
    )
    client = access.client(f"https://shop.example/{CANARY}", auth=Secretive(), headers={"X-Key": CANARY})
    auth = Refreshing(access, "shop/token", lambda refresh: Grant(CANARY, CANARY), first=CANARY)
    assert auth.headers("GET", "", b"") == {"authorization": f"Bearer {CANARY}"}
    for value in (access, tokens, client, client.get(), auth, Grant(CANARY), FileTokens("/tmp/x")):
        assert CANARY not in repr(value)
        assert CANARY not in str(value)


def test_no_credential_goes_elsewhere() -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(307, headers={"location": "https://evil.example/"})

    client = secretive(httpx.MockTransport(answer))
    for link in ("", "https://evil.example/", "//evil.example/", "https://shop.example:8443/"):
        with pytest.raises(OrderSyncError):
            client.get(link)
    assert {url.host for url in asked} == {"shop.example"}


# -- what a debugger, or an error service, shows of the frames ---------------------------------------------------------


def frames(error: BaseException) -> str:
    """The local variables of every frame of ours that an error came through."""
    texts = []
    chain: list[BaseException | None] = [error]
    while chain:
        one = chain.pop()
        if one is None:
            continue
        trace = one.__traceback__
        while trace is not None:
            if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("ordersync."):
                texts += [f"{name} = {value!r}" for name, value in trace.tb_frame.f_locals.items()]
            trace = trace.tb_next
        chain += [one.__cause__, one.__context__]
    return "\n".join(texts)


@pytest.mark.parametrize("how", ["post", "send", "content"])
@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_no_frame_keeps_what_was_sent(how: str, status: int) -> None:
    client = secretive(
        httpx.MockTransport(lambda request: httpx.Response(status, json={"email": f"{CANARY}@example.com"}))
    )
    calls: dict[str, Callable[[], object]] = {
        "post": lambda: client.post(
            "orders", json={"email": f"{CANARY}@example.com"}, params={"key": CANARY}
        ),
        "send": lambda: client.send("PUT", "orders", json=[CANARY], headers={"X-Secret": CANARY}),
        "content": lambda: client.post("orders", content=CANARY.encode()),
    }
    with pytest.raises(OrderSyncError) as caught:
        calls[how]()
    assert "Client(" in frames(caught.value), "the frames were not looked at"
    assert CANARY not in frames(caught.value)
    client.close()


def test_no_frame_keeps_a_lost_body() -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout(CANARY, request=request)

    client = secretive(httpx.MockTransport(lost))
    with pytest.raises(OrderSyncError) as caught:
        client.post("orders", json={"email": CANARY})
    assert CANARY not in frames(caught.value)
    client.close()


@pytest.mark.parametrize("asked", ["headers", "renew", "client"])
def test_no_frame_keeps_a_grant_that_is_refused(asked: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(400, json={"error": "invalid_grant"}))
    access = Access(clock=VirtualClock(), transport=transport, tokens=MemoryTokens())
    fetch = token_endpoint(
        access, "https://shop.example/token", client_id="id", client_secret=f"{CANARY}-secret"
    )
    auth = Refreshing(access, "shop token", fetch, first=f"{CANARY}-refresh")
    client = access.client("https://shop.example", auth=auth)
    calls: dict[str, Callable[[], object]] = {
        "headers": lambda: auth.headers("POST", "https://shop.example/x", CANARY.encode()),
        "renew": lambda: auth.renew({"authorization": f"Bearer {CANARY}"}),
        "client": lambda: client.post("orders", json={"email": CANARY}),
    }
    with pytest.raises(OrderSyncError) as caught:
        calls[asked]()
    assert CANARY not in frames(caught.value)
    client.close()
