"""Bearer tokens: renewed in time, once among threads and processes, and never mistaken for the order's own answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qsl

import httpx
import pytest

from ordersync.errors import AccessDenied, InDoubt, OrderSyncError, Refused, TryLater, UnexpectedReply
from ordersync.web import Access, Grant, MemoryTokens, Refreshing, VirtualClock, token_endpoint


class Endpoint:
    """Rotates: each refresh token is good once."""

    def __init__(self, seconds: float | None = 3600, *, rotating: bool = True) -> None:
        self.asked: list[str] = []
        self.seconds = seconds
        self.rotating = rotating
        self.fault: Exception | None = None
        self._lock = threading.Lock()

    def __call__(self, refresh: str) -> Grant:
        with self._lock:
            if self.fault:
                raise self.fault
            if self.rotating and refresh in self.asked:
                raise Refused("invalid_grant")
            self.asked.append(refresh)
            n = len(self.asked)
        return Grant(f"access-{n}", f"refresh-{n}" if self.rotating else "", self.seconds)


def bearer(auth: Refreshing) -> str:
    return auth.headers("GET", "https://shop.example/", b"")["authorization"]


@pytest.fixture
def access() -> Access:
    return Access(clock=VirtualClock())


def test_the_first_token_is_fetched_and_kept(access: Access) -> None:
    endpoint = Endpoint()
    auth = Refreshing(access, "shop/token", endpoint, first="seed")
    assert [bearer(auth), bearer(auth)] == ["Bearer access-1"] * 2
    again = Refreshing(access, "shop/token", endpoint, first="seed")
    assert bearer(again) == "Bearer access-1"
    assert endpoint.asked == ["seed"]


def test_it_is_renewed_a_minute_before_it_expires(access: Access) -> None:
    endpoint = Endpoint(seconds=3600)
    auth = Refreshing(access, "shop/token", endpoint, first="seed")
    bearer(auth)
    access.clock.sleep(3539)
    assert bearer(auth) == "Bearer access-1"
    access.clock.sleep(1)
    assert bearer(auth) == "Bearer access-2"
    assert endpoint.asked == ["seed", "refresh-1"]


@pytest.mark.parametrize("seconds", [None, 0.0, 10.0])
def test_lifetimes_that_are_short_or_unsaid(access: Access, seconds: float | None) -> None:
    auth = Refreshing(access, "shop/token", Endpoint(seconds), first="seed")
    assert bearer(auth) == "Bearer access-1"
    access.clock.sleep(6)
    assert bearer(auth) == ("Bearer access-1" if seconds is None else "Bearer access-2")


def test_a_refused_token_is_renewed_once_among_threads(access: Access) -> None:
    endpoint = Endpoint()
    auth = Refreshing(access, "shop/token", endpoint, first="seed")
    refused = {"authorization": bearer(auth)}
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(auth.renew, [refused] * 16))
    assert bearer(auth) == "Bearer access-2"
    assert endpoint.asked == ["seed", "refresh-1"]


def test_it_is_renewed_once_among_processes(access: Access) -> None:
    endpoint = Endpoint()
    refreshers = [Refreshing(access, "shop/token", endpoint, first="seed") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(bearer, refreshers)) == {"Bearer access-1"}
    refused = {"authorization": "Bearer access-1"}
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(lambda auth: auth.renew(refused), refreshers))
    assert endpoint.asked == ["seed", "refresh-1"]


def test_a_process_that_died_while_renewing_is_waited_for_and_replaced(access: Access) -> None:
    class Killed(BaseException):
        pass

    class Store(MemoryTokens):
        dead = False

        def swap(self, name: str, old: str | None, new: str) -> bool:
            if self.dead:
                raise Killed
            return super().swap(name, old, new)

    store = Store()
    access.tokens = store

    def dying(refresh: str) -> Grant:
        store.dead = True
        raise Killed

    with pytest.raises(Killed):
        bearer(Refreshing(access, "shop/token", dying, first="seed"))
    store.dead = False
    before = access.clock.now()
    assert bearer(Refreshing(access, "shop/token", Endpoint(), first="seed")) == "Bearer access-1"
    assert timedelta(minutes=3) <= access.clock.now() - before < timedelta(minutes=4)


def test_a_refresher_that_was_suspended_takes_the_newer_token(access: Access) -> None:
    endpoint = Endpoint(rotating=False)

    def slow(refresh: str) -> Grant:
        access.clock.sleep(600)
        assert bearer(Refreshing(access, "shop/token", endpoint, first="seed")) == "Bearer access-1"
        return Grant("too-late")

    assert bearer(Refreshing(access, "shop/token", slow, first="seed")) == "Bearer access-1"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Refused("invalid_grant"), AccessDenied),
        (AccessDenied("no"), AccessDenied),
        (InDoubt("?"), TryLater),
        (TryLater("later"), TryLater),
        (UnexpectedReply("html"), UnexpectedReply),
    ],
    ids=lambda value: str(value),
)
def test_a_failed_renewal_frees_the_token_for_the_next_try(
    access: Access, fault: OrderSyncError, told: type[OrderSyncError]
) -> None:
    endpoint = Endpoint()
    endpoint.fault = fault
    auth = Refreshing(access, "shop/token", endpoint, first="seed")
    before = access.clock.now()
    with pytest.raises(OrderSyncError) as raised:
        bearer(auth)
    assert type(raised.value) is told
    assert raised.value.__context__ is None
    endpoint.fault = None
    assert bearer(auth) == "Bearer access-1"
    assert access.clock.now() == before


def test_a_new_seed_in_the_settings_replaces_what_was_stored(access: Access) -> None:
    endpoint = Endpoint()
    bearer(Refreshing(access, "shop/token", endpoint, first="seed"))
    assert bearer(Refreshing(access, "shop/token", endpoint, first="new seed")) == "Bearer access-2"
    assert endpoint.asked == ["seed", "new seed"]


@pytest.mark.parametrize("stored", ["", "{", "[]", '{"origin": 1}', "an older kind of token"])
def test_what_is_stored_by_somebody_else_is_replaced(access: Access, stored: str) -> None:
    access.tokens.swap("shop/token", None, stored)
    assert bearer(Refreshing(access, "shop/token", Endpoint(), first="seed")) == "Bearer access-1"


def test_other_headers(access: Access) -> None:
    auth = Refreshing(access, "t", Endpoint(), header="X-Auth-Token", scheme="")
    assert auth.headers("GET", "", b"") == {"x-auth-token": "access-1"}
    auth.renew({"x-auth-token": "access-1"})
    assert auth.headers("GET", "", b"") == {"x-auth-token": "access-2"}


Answer = Callable[[httpx.Request], httpx.Response]


def over_http(answer: Answer) -> Access:
    return Access(clock=VirtualClock(), transport=httpx.MockTransport(answer))


def grant(request: httpx.Request, **more: object) -> httpx.Response:
    return httpx.Response(200, json={"access_token": "a", "token_type": "bearer", **more})


def test_the_token_endpoint_s_form() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return grant(request, refresh_token="r2", expires_in="3600")

    access = over_http(answer)
    url = "https://login.example:8443/oauth/token?tenant=1"
    got = token_endpoint(access, url, client_id="id", client_secret="s&c")("r1")
    assert (got.access, got.refresh, got.seconds) == ("a", "r2", 3600)
    token_endpoint(access, url, client_id="i:d", client_secret="s&c", scope="orders", basic=True)("")
    assert str(asked[0].url) == url
    assert dict(parse_qsl(asked[0].content.decode())) == {
        "grant_type": "refresh_token",
        "refresh_token": "r1",
        "client_id": "id",
        "client_secret": "s&c",
    }
    assert dict(parse_qsl(asked[1].content.decode())) == {
        "grant_type": "client_credentials",
        "scope": "orders",
    }
    assert httpx.BasicAuth("i%3Ad", "s%26c")._auth_header == asked[1].headers["authorization"]


@pytest.mark.parametrize("more", [{}, {"expires_in": None}, {"expires_in": "soon"}, {"refresh_token": None}])
def test_a_grant_that_says_little(more: Mapping[str, object]) -> None:
    access = over_http(lambda request: grant(request, **more))
    got = token_endpoint(access, "https://login.example/token", client_id="i", client_secret="s")("r")
    assert (got.access, got.refresh, got.seconds) == ("a", "", None)


@pytest.mark.parametrize(
    ("response", "told", "word"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), AccessDenied, "invalid_grant"),
        (httpx.Response(401, json={"error": "canary <script>"}), AccessDenied, "no reason given"),
        (httpx.Response(400, text="canary"), Refused, "400"),
        (httpx.Response(503), TryLater, "503"),
        (httpx.Response(200, json={"token": "canary"}), UnexpectedReply, "no token"),
        (httpx.Response(200, json=["canary"]), UnexpectedReply, "no token"),
        (httpx.Response(200, html="canary"), UnexpectedReply, "web page"),
    ],
)
def test_what_a_token_endpoint_may_answer(
    response: httpx.Response, told: type[OrderSyncError], word: str
) -> None:
    access = over_http(
        lambda request: httpx.Response(
            response.status_code, headers=response.headers, content=response.content
        )
    )
    fetch = token_endpoint(access, "https://login.example/token", client_id="i", client_secret="canary")
    with pytest.raises(OrderSyncError, match=word) as raised:
        fetch("canary")
    assert type(raised.value) is told
    assert "canary" not in str(raised.value)


def test_a_write_goes_through_with_a_renewed_token() -> None:
    good = {"a-2"}
    tokens = iter(("a-1", "a-2"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "login.example":
            return httpx.Response(200, json={"access_token": next(tokens)})
        ok = request.headers["authorization"].removeprefix("Bearer ") in good
        return httpx.Response(201 if ok else 401, json={})

    access = over_http(answer)
    fetch = token_endpoint(access, "https://login.example/token", client_id="i", client_secret="s")
    client = access.client("https://shop.example", auth=Refreshing(access, "shop/token", fetch))
    assert client.post("orders", json={}).status == 201


def test_a_lost_token_does_not_put_an_order_in_doubt() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "login.example", "the order is not sent"
        raise httpx.ReadTimeout("lost")

    access = over_http(answer)
    fetch = token_endpoint(access, "https://login.example/token", client_id="i", client_secret="s")
    client = access.client("https://shop.example", auth=Refreshing(access, "shop/token", fetch), attempts=2)
    with pytest.raises(TryLater):
        client.post("orders", json={})


def test_a_token_that_cannot_be_renewed_now_is_no_lack_of_rights() -> None:
    """Refused once, and the token endpoint is down: the credentials are good, so nobody is sent to look at them."""
    down = False

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host != "login.example":
            return httpx.Response(401 if down else 200, json={})
        if down:
            raise httpx.ReadTimeout("lost")
        return httpx.Response(200, json={"access_token": "a-1"})

    access = over_http(answer)
    fetch = token_endpoint(access, "https://login.example/token", client_id="i", client_secret="s")
    client = access.client("https://shop.example", auth=Refreshing(access, "shop/token", fetch), attempts=2)
    assert client.get("orders").status == 200
    down = True
    with pytest.raises(TryLater):
        client.get("orders")


def test_waiting_for_a_token_counts_as_waiting_for_the_request() -> None:
    """A token endpoint that asks for five seconds again and again holds one call for minutes, not for hours."""
    access = over_http(lambda _: httpx.Response(429, headers={"retry-after": "5"}))
    fetch = token_endpoint(access, "https://login.example/token", client_id="i", client_secret="s")
    client = access.client("https://shop.example", auth=Refreshing(access, "shop/token", fetch))
    begun = access.clock.now()
    with pytest.raises(TryLater):
        client.get("orders")
    assert timedelta(seconds=60) < access.clock.now() - begun <= timedelta(seconds=300)
