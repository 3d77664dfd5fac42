"""The client: what each answer means for reads and for writes, and where requests may go."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ordersync.errors import (
    AccessDenied,
    BadInput,
    BadSettings,
    FieldProblem,
    InDoubt,
    NotFound,
    OrderSyncError,
    RateLimited,
    Refused,
    TryLater,
    UnexpectedReply,
    Unreachable,
)
from ordersync.web import Access, Bucket, Reply, Verdict, VirtualClock, default_error, offset_pages, verdict
from ordersync.web.patience import LONGEST_WAIT
from ordersync.web.verdict import STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
Answer = httpx.Response | Exception


class Platform:
    """Answers in turn, the last one for ever, and remembers what it was asked."""

    def __init__(self, *answers: Answer, **options: Any) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.clock = VirtualClock(NOON)
        self.access = Access(clock=self.clock, transport=httpx.MockTransport(self.answer))
        self.client = self.access.client("https://shop.example/api", **options)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        # a response can be read once
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def waited(self) -> float:
        return (self.clock.now() - NOON).total_seconds()


MEANING: Mapping[Verdict, tuple[type[OrderSyncError] | None, type[OrderSyncError] | None]] = {
    Verdict.OK: (None, None),
    Verdict.RETRY: (TryLater, TryLater),
    Verdict.LIMITED: (RateLimited, RateLimited),
    Verdict.DOUBT: (TryLater, InDoubt),
    Verdict.DENIED: (AccessDenied, AccessDenied),
    Verdict.MISSING: (NotFound, NotFound),
    Verdict.REFUSED: (Refused, Refused),
    Verdict.BROKEN: (UnexpectedReply, UnexpectedReply),
}
ODD = (206, 226, 300, 301, 304, 305, 307, 308, 418, 451, 499, 511, 525, 529, 530, 599)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [*STATUS, *ODD])
def test_the_table(status: int, method: str) -> None:
    platform = Platform(httpx.Response(status, headers={"x-request-id": "r-1"}))
    expected = MEANING[verdict(status)][method == "POST"]
    if status // 100 == 3 and not (method == "POST" and status in (302, 303)):
        expected = UnexpectedReply
    if expected is None:
        assert platform.client.send(method, "orders").status == status
        return
    with pytest.raises(OrderSyncError) as raised:
        platform.client.send(method, "orders")
    assert type(raised.value) is expected
    assert raised.value.request_id == "r-1"
    assert len(platform.asked) == (5 if isinstance(raised.value, TryLater) else 1)
    assert raised.value.__context__ is None


def test_what_the_table_lacks_goes_by_its_hundred() -> None:
    assert [verdict(status) for status in (199, 299, 399, 499, 599, 600, 999, 0)] == [
        Verdict.BROKEN,
        Verdict.OK,
        Verdict.BROKEN,
        Verdict.REFUSED,
        *[Verdict.DOUBT] * 4,
    ]


def test_the_vendor_s_own_words() -> None:
    reply = Reply(422, {}, b"{}", {}, "r-2")
    fields = (FieldProblem("email", "is taken", "taken"),)
    error = default_error(reply, False, message="No.", fields=fields)
    assert isinstance(error, Refused)
    assert str(error) == "No. (request r-2): email: is taken [taken]"


LOST: tuple[Exception, ...] = (
    httpx.ReadTimeout("x"),
    httpx.WriteTimeout("x"),
    httpx.ReadError("x"),
    httpx.WriteError("x"),
    httpx.CloseError("x"),
    httpx.RemoteProtocolError("x"),
    httpx.LocalProtocolError("x"),
    httpx.DecodingError("x"),
)
NEVER_SENT: tuple[Exception, ...] = (
    httpx.ConnectError("x"),
    httpx.ConnectTimeout("x"),
    httpx.PoolTimeout("x"),
    httpx.ProxyError("x"),
)


@pytest.mark.parametrize("error", LOST, ids=lambda error: type(error).__name__)
def test_a_lost_answer(error: Exception) -> None:
    platform = Platform(error)
    with pytest.raises(InDoubt):
        platform.client.post("orders", json={"n": 1})
    assert len(platform.asked) == 1
    platform = Platform(error, error, httpx.Response(200, json=[1]))
    assert platform.client.get("orders").data == [1]
    assert platform.waited == 1.5
    platform = Platform(error, httpx.Response(200, json=[1]))
    assert platform.client.post("search", json={}, repeatable=True).data == [1]


@pytest.mark.parametrize("error", NEVER_SENT, ids=lambda error: type(error).__name__)
def test_what_was_never_sent_is_sent_again(error: Exception) -> None:
    platform = Platform(error, error, httpx.Response(201, json={"id": 1}))
    assert platform.client.post("orders", json={}).data == {"id": 1}
    platform = Platform(error)
    with pytest.raises(Unreachable):
        platform.client.post("orders", json={})
    assert len(platform.asked) == 5


def test_attempts_are_the_client_s() -> None:
    platform = Platform(httpx.Response(503), attempts=2)
    with pytest.raises(TryLater):
        platform.client.get()
    assert len(platform.asked) == 2


@pytest.mark.parametrize("wait", ["30", "Sun, 01 Nov 2026 12:00:30 GMT"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_retry_after_is_waited_for(method: str, wait: str) -> None:
    platform = Platform(httpx.Response(429, headers={"retry-after": wait}), httpx.Response(200, json={}))
    assert platform.client.send(method).status == 200
    assert platform.waited == 30


def test_each_answer_s_own_retry_after() -> None:
    same = RateLimited("the same object every time")

    def verdicts(reply: Reply, repeatable: bool) -> OrderSyncError | None:
        return same if reply.status == 429 else default_error(reply, repeatable)

    waits = [httpx.Response(429, headers={"retry-after": n}) for n in ("10", "20")]
    platform = Platform(*waits, httpx.Response(200), verdicts=verdicts)
    platform.client.get()
    assert platform.waited == 30


def test_a_wait_that_is_too_long_is_told_at_once() -> None:
    platform = Platform(httpx.Response(429, headers={"retry-after": str(LONGEST_WAIT + 1)}))
    with pytest.raises(RateLimited) as told:
        platform.client.get()
    assert told.value.when == NOON + timedelta(seconds=LONGEST_WAIT + 1)
    assert (len(platform.asked), platform.waited) == (1, 0)


def test_throttled_inside_a_success() -> None:
    def verdicts(reply: Reply, repeatable: bool) -> OrderSyncError | None:
        if reply.data == {"errors": ["THROTTLED"]}:
            return RateLimited("throttled", when=platform.clock.now() + timedelta(seconds=12))
        return default_error(reply, repeatable)

    throttled = httpx.Response(200, json={"errors": ["THROTTLED"]})
    platform = Platform(throttled, throttled, httpx.Response(200, json={"data": 1}), verdicts=verdicts)
    assert platform.client.post("graphql", json={}).data == {"data": 1}
    assert platform.waited == 24


def test_before_is_called_for_every_attempt_also_after_renewing() -> None:
    auth = Token()
    platform = Platform(httpx.Response(503), httpx.Response(401), httpx.Response(200), auth=auth)
    bucket = Bucket(1, 0.1, platform.clock)
    platform.client.get(before=lambda: bucket.take(1))
    assert len(platform.asked) == 3
    assert platform.waited == pytest.approx(20)


def test_a_client_has_a_budget_for_every_request_whoever_asks() -> None:
    taken: list[str] = []
    platform = Platform(
        httpx.Response(503), httpx.Response(200, json=[]), before=lambda: taken.append("client")
    )
    platform.client.get(before=lambda: taken.append("request"))
    list(offset_pages(platform.client, "orders"))
    assert taken == ["client", "request", "client", "request", "client"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    for place in ("https://evil.example/", "https://shop.example/api/v2", "http://shop.example/api"):
        platform = Platform(httpx.Response(status, headers={"location": place}), auth=Token())
        with pytest.raises(UnexpectedReply, match="redirect"):
            platform.client.get("orders")
        assert [request.url.path for request in platform.asked] == ["/api/orders"]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/api/orders",
        "http://shop.example/api/orders",
        "https://shop.example:8443/api/orders",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://shop.example\\@evil.example/",
        "https://user:canary@shop.example/api/orders",
        "https://shop.example:x/",
        "https://[shop.example/",
        "https:///api/orders",
        "ftp://shop.example/",
        "https://shop.example/\n",
    ],
)
def test_links_to_other_places_are_refused(link: str) -> None:
    platform = Platform(httpx.Response(200), auth=Token())
    with pytest.raises(UnexpectedReply) as refused:
        platform.client.get(link)
    assert platform.asked == []
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("", "https://shop.example/api/"),
        ("orders", "https://shop.example/api/orders"),
        ("/orders", "https://shop.example/api/orders"),
        ("//evil.example/orders", "https://shop.example/api/evil.example/orders"),
        ("orders?back=https://evil.example/", "https://shop.example/api/orders?back=https://evil.example/"),
        ("/orders?back=https://evil.example/", "https://shop.example/api/orders?back=https://evil.example/"),
        ("gid:1/x", "https://shop.example/api/gid:1/x"),
        ("https://shop.example:443/other?a=%2F", "https://shop.example/other?a=%2F"),
        ("HTTPS://SHOP.example/other", "https://shop.example/other"),
    ],
)
def test_addresses(path: str, url: str) -> None:
    platform = Platform(httpx.Response(200))
    platform.client.get(path)
    assert str(platform.asked[0].url) == url


def test_addresses_that_were_asked_before_are_the_same_and_few_are_kept() -> None:
    platform = Platform(httpx.Response(200))
    for number in (1, 2, *range(500), 1, 2):
        platform.client.get(f"orders/{number}", params={"a": str(number)})
        assert str(platform.asked[-1].url) == f"https://shop.example/api/orders/{number}?a={number}"
        platform.client.get(f"orders/{number}?token=canary")
        platform.client.get(f"orders/{number}")
        assert str(platform.asked[-1].url) == f"https://shop.example/api/orders/{number}"
    assert len(platform.client._urls) <= 64
    assert not any("canary" in path for path in platform.client._urls)
    for _ in range(2):
        with pytest.raises(UnexpectedReply, match="leads from"):
            platform.client.get("https://evil.example/orders")


def test_what_is_tried_again_lets_the_first_failure_go() -> None:
    """The first attempt is made without the machinery of patience, and counts as one."""
    platform = Platform(httpx.Response(503), httpx.Response(503), httpx.Response(200), attempts=3)
    assert platform.client.get("orders").status == 200
    assert (len(platform.asked), platform.waited) == (3, 1.5)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "shop.example",
        "ftp://shop.example",
        "https://",
        "https://[canary/",
        "https://shop.example:port/canary",
        "https://shop.example:70000/canary",
        "https://sh op.example/canary",
        "https://user:canary@shop.example",
        "user:canary@shop.example",
        "htps://shop.example/rest/canary/",
        "https://shop.example/?token=canary",
        "https://shop.example/#canary",
    ],
)
def test_what_is_no_base_address(address: str) -> None:
    with pytest.raises(BadSettings) as bad:
        Access().client(address)
    assert "/canary" not in str(bad.value)
    assert "token" not in str(bad.value)
    assert ":canary" not in str(bad.value)
    assert bad.value.__context__ is None


HTML = httpx.Response(200, html="<html>Log in</html>")
CUT = httpx.Response(200, content=b'{"id": 12', headers={"content-type": "application/json"})


def test_a_web_page_instead_of_json() -> None:
    platform = Platform(HTML)
    with pytest.raises(UnexpectedReply, match="web page"):
        platform.client.get("orders")
    assert len(platform.asked) == 1
    with pytest.raises(InDoubt):
        platform.client.post("orders")
    reply = platform.client.get("orders", expect_json=False)
    assert (reply.data, reply.text) == (None, "<html>Log in</html>")


def test_json_that_is_cut_off() -> None:
    platform = Platform(CUT, httpx.Response(200, json={"id": 12}))
    assert platform.client.get("orders/12").data == {"id": 12}
    platform = Platform(CUT)
    with pytest.raises(InDoubt):
        platform.client.post("orders")
    assert len(platform.asked) == 1
    with pytest.raises(TryLater):
        platform.client.get("orders/12")


def test_an_error_s_body_may_be_anything() -> None:
    platform = Platform(httpx.Response(422, html="<h1>no</h1>"))
    with pytest.raises(Refused):
        platform.client.post("orders")


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_no_content(method: str) -> None:
    reply = Platform(httpx.Response(204)).client.send(method)
    assert (reply.status, reply.body, reply.data) == (204, b"", None)


def test_head_has_headers_only() -> None:
    platform = Platform(httpx.Response(200, headers={"content-length": "900", "x-total": "7"}))
    reply = platform.client.send("head", "orders")
    assert (reply.data, reply.headers["x-total"], platform.asked[0].method) == (None, "7", "HEAD")
    platform = Platform(httpx.ReadTimeout("x"), httpx.Response(200))
    assert platform.client.send("head", "orders").status == 200


def test_numbers_are_exact() -> None:
    text = b'{"a": 0.1, "b": 1e2, "c": 12345678901234567890, "d": 20.0}'
    platform = Platform(httpx.Response(200, content=text))
    data = platform.client.post("echo", json={"price": Decimal("20.10"), "n": 10**25}).data
    assert data == {"a": Decimal("0.1"), "b": Decimal(100), "c": 12345678901234567890, "d": Decimal("20.0")}
    assert str(data["d"]) == "20.0"
    assert platform.asked[0].content == b'{"price":20.10,"n":10000000000000000000000000}'


def test_bodies_and_headers_of_requests() -> None:
    platform = Platform(httpx.Response(200))
    platform.client.post("a", content="ü", headers={"Content-Type": "text/plain"})
    platform.client.post("b", json=[], headers={"Content-Type": "application/vnd.api+json"})
    platform.client.post("c")
    platform.client.get("d", params=[("id", "1"), ("id", "2")], headers={"ACCEPT": "text/csv"})
    a, b, c, d = platform.asked
    assert (a.content, a.headers["content-type"]) == ("ü".encode(), "text/plain")
    assert b.headers.get_list("content-type") == ["application/vnd.api+json"]
    assert (c.content, c.headers["content-length"]) == (b"", "0")
    assert d.url.query == b"id=1&id=2"
    assert d.headers.get_list("accept") == ["text/csv"]
    assert d.headers["user-agent"].startswith("ordersync/")


def test_a_request_that_cannot_be_written_is_not_sent() -> None:
    platform = Platform(httpx.Response(200))
    with pytest.raises(BadInput):
        platform.client.post("a", json={"price": Decimal("NaN")})
    with pytest.raises(BadInput):
        platform.client.get("a", params={"q": "\ud83d"})
    with pytest.raises(BadSettings):
        platform.client.get("a", headers={"x-key": "a\nb"})
    assert platform.asked == []


def test_a_body_larger_than_the_limit() -> None:
    big = httpx.Response(200, json="x" * 2000)
    platform = Platform(big, largest_body=1000)
    with pytest.raises(UnexpectedReply, match="larger than 1000 bytes"):
        platform.client.get("orders")
    assert len(platform.asked) == 1
    with pytest.raises(InDoubt, match="larger than 1000 bytes"):
        platform.client.post("orders")
    platform = Platform(httpx.Response(422, json="x" * 2000), largest_body=1000)
    with pytest.raises(Refused):
        platform.client.post("orders")
    platform = Platform(big, largest_body=2002)
    assert platform.client.get("orders").data == "x" * 2000


def test_reading_stops_at_the_limit() -> None:
    given = 0

    def endless() -> Iterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b"1" * 100

    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=endless()))
    client = Access(transport=transport).client("https://shop.example", largest_body=1000)
    with pytest.raises(UnexpectedReply, match="larger than 1000 bytes"):
        client.get()
    assert given == 11


def test_the_limit_counts_what_is_unpacked() -> None:
    packed = gzip.compress(b'"' + b"x" * 1_000_000 + b'"')
    transport = httpx.MockTransport(
        lambda request: httpx.Response(200, headers={"content-encoding": "gzip"}, content=packed)
    )
    client = Access(transport=transport).client("https://shop.example", largest_body=100_000)
    with pytest.raises(UnexpectedReply, match="larger than 100000 bytes"):
        client.get()


def test_request_ids() -> None:
    platform = Platform(httpx.Response(200, headers={"X-Trace": "t" * 500, "x-request-id": "r"}))
    assert platform.client.get().request_id == "r"
    platform = Platform(
        httpx.Response(200, headers={"X-Trace": "t" * 500, "x-request-id": "r"}), request_ids=("X-Trace",)
    )
    assert platform.client.get().request_id == "t" * 200
    assert Platform(httpx.Response(200)).client.get().request_id == ""


class Token:
    """Counts how often it was renewed; `good` is whether renewing is offered."""

    def __init__(self, good: bool = True) -> None:
        self.renewed = 0
        self.refused: list[Mapping[str, str]] = []
        self.good = good

    def headers(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        return {"X-Token": f"{method} {url} {len(body)} {self.renewed}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        self.renewed += 1
        self.refused.append(refused)
        return self.good


def test_auth_sees_the_whole_request() -> None:
    platform = Platform(httpx.Response(200), auth=Token())
    platform.client.post("orders", params={"a": "1"}, json=[1])
    assert platform.asked[0].headers["x-token"] == "POST https://shop.example/api/orders?a=1 3 0"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_auth_is_renewed_once(method: str) -> None:
    auth = Token()
    platform = Platform(httpx.Response(401), httpx.Response(200, json=1), auth=auth)
    assert platform.client.send(method).data == 1
    assert [request.headers["x-token"][-1] for request in platform.asked] == ["0", "1"]
    assert auth.refused == [{"X-Token": f"{method} https://shop.example/api/ 0 0"}]


def test_auth_is_not_renewed_in_a_loop() -> None:
    auth = Token()
    platform = Platform(httpx.Response(401), auth=auth)
    with pytest.raises(AccessDenied):
        platform.client.get()
    assert (auth.renewed, len(platform.asked)) == (1, 2)
    auth = Token()
    platform = Platform(
        httpx.Response(401), httpx.Response(503), httpx.Response(401), httpx.Response(200), auth=auth
    )
    with pytest.raises(AccessDenied):
        platform.client.get()
    assert (auth.renewed, len(platform.asked)) == (1, 3)


def test_auth_that_cannot_be_renewed() -> None:
    auth = Token(good=False)
    platform = Platform(httpx.Response(401), auth=auth)
    with pytest.raises(AccessDenied):
        platform.client.get()
    assert (auth.renewed, len(platform.asked)) == (1, 1)


def test_several_threads() -> None:
    seen = threading.Barrier(8, timeout=20)

    def answer(request: httpx.Request) -> httpx.Response:
        seen.wait()
        return httpx.Response(200, json={"path": request.url.path, "body": request.content.decode()})

    client = Access(transport=httpx.MockTransport(answer)).client("https://shop.example")

    def work(n: int) -> bool:
        data = client.post(f"orders/{n}", json=n).data
        return bool(data == {"path": f"/orders/{n}", "body": str(n)})

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))


def test_a_closed_client() -> None:
    platform = Platform(httpx.Response(200))
    with platform.client as client:
        client.get()
    with pytest.raises(Unreachable, match="closed"):
        platform.client.post("orders")
    assert (len(platform.asked), platform.waited) == (1, 0)


def test_a_wsgi_application_in_process() -> None:
    def shop(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [b'{"path": "%s", "price": 0.10}' % environ["PATH_INFO"].encode()]

    access = Access(transport=httpx.WSGITransport(app=shop))
    data = access.client("https://shop.example/v1").get("orders").data
    assert data == {"path": "/v1/orders", "price": Decimal("0.10")}
    assert str(data["price"]) == "0.10"


def test_a_broken_application_is_not_hidden() -> None:
    def shop(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        raise RuntimeError("a defect of the sandbox")

    with pytest.raises(RuntimeError, match="defect"):
        Access(transport=httpx.WSGITransport(app=shop)).client("https://shop.example").get()


def resolving(*addresses: str) -> Callable[..., list[tuple[Any, ...]]]:
    def resolve(host: str, port: object, *rest: object, **options: object) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]

    return resolve


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[2002:7f00:1::]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_private_addresses_can_be_forbidden(host: str) -> None:
    with pytest.raises(BadSettings, match="private"):
        Access(allow_private_addresses=False).client(f"http://{host}/")
    Access(allow_private_addresses=True).client(f"http://{host}/").close()


@pytest.mark.parametrize("addresses", [("10.0.0.1",), ("93.184.215.14", "10.0.0.1"), ("fe80::1%eth0",)])
def test_a_name_that_leads_to_a_private_address(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving(*addresses))
    with pytest.raises(BadSettings, match="private"):
        Access(allow_private_addresses=False).client("https://shop.example")


def test_public_addresses_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolving("93.184.215.14", "2606:2800:21f::1"))
    Access(allow_private_addresses=False).client("https://shop.example").close()
